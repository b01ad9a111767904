-- One row per service, or target of an opened one: those that generated most in the window, and how many
-- there are.
select
    case when $by = 'target' then target else service end as line, sum(generation_tokens) as generation_tokens,
    count(*) over () as lines
from served_tokens_hourly
where
    ($service = '' or service = $service) and ($target = '' or target = $target) and ($model = '' or model_name = $model)
    and ($hours = 0 or hour_at > (select max(hour_at) from served_tokens_hourly) - to_hours($hours))
group by line
order by generation_tokens desc nulls last, line
limit $max_lines
