-- The names that are ours to load from now on: nobody else is at them.
select names.name
from unnest($names::text[]) as names (name)
where pg_try_advisory_lock(hashtextextended(names.name, 0));
