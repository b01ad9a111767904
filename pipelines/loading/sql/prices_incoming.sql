-- What was known of each model of this archive before the answer.
create or replace temp table known_series as
select
    series.model_id,
    series.content_hash,
    series.last_seen
from raw.price_series as series
inner join raw.price_archives as archives using (sha256)
where series.source = getvariable('source')
qualify
    row_number() over (partition by series.model_id order by archives.as_of desc, archives.fetched_at desc) = 1;

create or replace temp table known_points as
select
    known_series.model_id,
    points.* exclude (content_hash)
from known_series
inner join raw.price_points as points using (content_hash);

-- One row per price of the answer, as it will be kept. Of an archive without a past, the prices that
-- were loaded before precede those of today, and a price that only goes on is no new one.
create or replace temp table incoming_points as
with dated as (
    select
        model_id,
        position,
        date::date as date,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        cached_usd_per_mtok,
        cache_write_usd_per_mtok,
        tiers
    from incoming
),

begun as (
    select
        model_id,
        min(date) as first_date
    from dated
    group by model_id
),

joined as (
    select
        *,
        1 as part
    from dated
    union all by name
    select
        known_points.*,
        0 as part
    from known_points
    inner join begun using (model_id)
    where
        not getvariable('has_past')
        and known_points.date < begun.first_date
),

hashed as (
    select
        *,
        hash(prompt_usd_per_mtok, completion_usd_per_mtok, cached_usd_per_mtok, cache_write_usd_per_mtok, tiers)
            as price_hash
    from joined
),

compared as (
    select
        *,
        coalesce(price_hash = lag(price_hash) over (partition by model_id order by part, position), false)
            as is_repeated
    from hashed
)

select
    * exclude (part, position, price_hash, is_repeated),
    (row_number() over (partition by model_id order by part, position) - 1)::integer as position
from compared
where getvariable('has_past') or not is_repeated;

create or replace temp table incoming_series as
with names as (
    select distinct
        model_id,
        model_name,
        last_seen::date as last_seen
    from incoming
)

select
    points.model_id,
    any_value(names.model_name) as model_name,
    any_value(names.last_seen) as last_seen,
    sha256(
        string_agg(
            concat_ws(
                '=',
                points.date,
                coalesce(points.prompt_usd_per_mtok, '-'),
                coalesce(points.completion_usd_per_mtok, '-'),
                coalesce(points.cached_usd_per_mtok, '-'),
                coalesce(points.cache_write_usd_per_mtok, '-'),
                points.tiers
            ),
            chr(10) order by points.position
        )
    ) as content_hash
from incoming_points as points
inner join names using (model_id)
group by points.model_id;

-- One row per model of which the answer says something new. One that left the archive keeps its prices up to the last day on which
-- the archive had it; one whose prices are malformed keeps what was known of it.
create or replace temp table changed_series as
select
    coalesce(new.model_id, known.model_id) as model_id,
    new.model_name,
    case when new.model_id is null then getvariable('known_as_of')::date else new.last_seen end as last_seen,
    coalesce(new.content_hash, known.content_hash) as content_hash,
    known.last_seen as known_last_seen
from incoming_series as new
full outer join known_series as known on new.model_id = known.model_id
where
    case
        when new.model_id is null
            then
                known.last_seen is null
                and not list_contains(getvariable('malformed')::varchar[], known.model_id)
        else new.content_hash is distinct from known.content_hash or new.last_seen is distinct from known.last_seen
    end;
