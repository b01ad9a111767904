-- The row of meta, with what is known only when a file is published.
create or replace table next.marts.meta as
select
    * replace (
        $generation::integer as generation,
        $published_at::timestamptz as published_at,
        $version::varchar as tokentide_version,
        version() as duckdb_version
    )
from marts.meta
