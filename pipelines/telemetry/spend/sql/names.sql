-- One row per name in the log and what it is the name of.
select distinct
    unnest(['caller', 'team', 'key', 'hidden key']) as kind,
    unnest([caller, team, key_name, case when key_name is null then api_key end]) as name
from lines
where reason is null
