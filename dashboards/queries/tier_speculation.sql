-- Drafted tokens that were right, by hour, and how many tokens a check yields on average.
select hour_at as instant, target || ' · ' || model_name as series, acceptance, mean_length, drafts, draft_tokens, accepted_tokens
from speculation_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from speculation_hourly) - to_hours($hours))
order by instant, series
