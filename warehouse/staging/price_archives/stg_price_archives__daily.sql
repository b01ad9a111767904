-- One row per archive, model id and UTC day on which the archive saw the model: its price that day.
--
-- Of several prices of a day the last one. A model has no row on days on which its price varied or
-- was not stated, and none after the day on which it was last listed.
with contents as (
    select *
    from {{ source('raw', 'price_archives') }}
    where {{ is_known_content('sha256') }}
),

reach as (
    select
        source,
        max(as_of) as as_of
    from contents
    group by source
),

newest as (
    select
        series.*,
        contents.fetched_at,
        contents.origin,
        coalesce(series.last_seen, reach.as_of) as last_date
    from {{ source('raw', 'price_series') }} as series
    inner join contents
        using (sha256)
    inner join reach
        on series.source = reach.source
    qualify
        row_number() over (
            partition by series.source, series.model_id
            order by contents.as_of desc, contents.fetched_at desc
        ) = 1
),

spans as (
    select
        newest.source,
        newest.model_id,
        newest.model_name,
        newest.sha256,
        newest.fetched_at,
        newest.origin,
        points.date as first_date,
        points.tiers,
        {{ archived_usd_per_mtok('points.prompt_usd_per_mtok') }} as prompt_usd_per_mtok,
        {{ archived_usd_per_mtok('points.completion_usd_per_mtok') }} as completion_usd_per_mtok,
        {{ archived_usd_per_mtok('points.cached_usd_per_mtok') }} as cached_usd_per_mtok,
        {{ archived_usd_per_mtok('points.cache_write_usd_per_mtok') }} as cache_write_usd_per_mtok,
        least(
            newest.last_date,
            coalesce(
                lead(points.date) over (
                    partition by newest.source, newest.model_id order by points.position
                ) - 1,
                newest.last_date
            )
        ) as last_date
    from newest
    inner join {{ source('raw', 'price_points') }} as points
        using (content_hash)
),

days as (
    select unnest(generate_series(min(first_date), max(last_date), interval 1 day))::date as date
    from spans
)

select
    days.date,
    spans.source,
    spans.model_id,
    spans.model_name,
    spans.prompt_usd_per_mtok,
    spans.completion_usd_per_mtok,
    spans.cached_usd_per_mtok,
    spans.cache_write_usd_per_mtok,
    spans.tiers,
    spans.origin,
    spans.fetched_at,
    spans.sha256 as answer_sha256
from spans
inner join days
    on days.date between spans.first_date and spans.last_date
where
    spans.prompt_usd_per_mtok is not null
    and spans.completion_usd_per_mtok is not null
    -- Aliases (`~author/family-latest`) are not models.
    and not starts_with(spans.model_id, '~')
