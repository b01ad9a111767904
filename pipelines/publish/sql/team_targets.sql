-- One row per target that the tier ever had: its team by its newest entry, null where it has none.
-- What a target is counts for all its time.
create or replace temp table team_targets as
select
    name as target,
    arg_max(entry, coalesce(valid_from, '-infinity')) ->> '$.team' as team,
    arg_max(entry, coalesce(valid_from, '-infinity')) ->> '$.device_kind' as device_kind
from raw.tier_file
where section = 'target'
group by name
