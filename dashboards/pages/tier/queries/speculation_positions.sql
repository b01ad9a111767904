-- One row per position within a draft and model: the share of drafts accepted up to there, in the
-- model's newest hour.
with newest as (
    select target || ' · ' || model_name as series, hour_at, acceptance_by_position as shares
    from speculation_hourly
    where
        ($target = '' or target = $target) and (len($drawn) = 0 or list_contains($drawn, target))
        and ($model = '' or model_name = $model) and acceptance_by_position is not null
    qualify row_number() over (partition by target, model_name order by hour_at desc) = 1
)

select series, hour_at, unnest(range(1, len(shares) + 1)) as place, unnest(shares) as accepted_share
from newest
order by series, place
