-- One row per position within a draft, service or target, and model: the share of drafts accepted up to
-- there, in the newest hour of each. Replicas count by their drafts.
with hours as (
    select if($by = 'target', target, service) || ' · ' || model_name as series, hour_at, coalesce(drafts, 1) as drafts, acceptance_by_position as shares
    from speculation_hourly
    where
        ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
        and ($model = '' or model_name = $model) and acceptance_by_position is not null
    qualify hour_at = max(hour_at) over (partition by series)
),

places as (
    select series, hour_at, drafts, unnest(range(1, len(shares) + 1)) as place, unnest(shares) as share
    from hours
)

select series, hour_at, place, sum(share * drafts) / sum(drafts) as accepted_share
from places
group by all
order by series, place
