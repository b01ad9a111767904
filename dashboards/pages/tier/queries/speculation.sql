-- One row per hour or day, target and model: the share of draft tokens that were accepted, and the
-- mean number of tokens that a verification yields.
select
    time_bucket(to_hours($step), hour_at) as instant, if($by = 'target', target, service) || ' · ' || model_name as series, $step as step_hours,
    sum(accepted_tokens) filter (where draft_tokens is not null)
    / nullif(sum(draft_tokens) filter (where accepted_tokens is not null), 0) as acceptance, median(mean_length) as mean_length,
    sum(drafts)::bigint as drafts, sum(draft_tokens)::bigint as draft_tokens, sum(accepted_tokens)::bigint as accepted_tokens
from speculation_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target)
    and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
    and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from speculation_hourly) - to_hours($hours))
group by all
order by instant, series
