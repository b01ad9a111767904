-- One row per target, those that generated most in the window, and how many targets there are.
select target, sum(generation_tokens) as generation_tokens, count(*) over () as targets
from served_tokens_hourly
where
    ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
group by target
order by generation_tokens desc nulls last, target
limit $max_targets
