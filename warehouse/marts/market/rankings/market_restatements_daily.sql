-- One row per UTC day with figures: how far the platform's total moved between the first answer that had the day and the one that holds now.
with observations as (
    select
        date,
        max(as_of) as last_asked_at
    from {{ ref('stg_openrouter__ranking_days') }}
    where
        slice = 'all'
        and grain = 'day'
    group by date
),

boards as (
    select
        date,
        version,
        as_of,
        content_hash,
        is_current,
        origin,
        answer_sha256
    from {{ ref('ranking_day_versions') }}
    where
        slice = 'all'
        and grain = 'day'
        and content_hash is not null
),

first_boards as (
    select *
    from boards
    qualify row_number() over (partition by date order by as_of) = 1
),

counted as (
    select
        date,
        count(*) - 1 as revisions,
        max(as_of) as last_changed_at
    from boards
    group by date
),

-- Only what changed is compared, which on most days is nothing.
cells as (
    select
        boards.date,
        boards.is_current,
        cells.model_permaslug,
        cells.total_tokens
    from (
        select
            date,
            content_hash,
            is_current
        from boards
        where is_current
        union all
        select
            date,
            content_hash,
            false as is_current
        from first_boards
    ) as boards
    inner join counted
        on
            boards.date = counted.date
            and counted.revisions > 0
    inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
        using (content_hash)
),

changes as (
    select
        date,
        model_permaslug,
        coalesce(sum(total_tokens) filter (where is_current), 0) - coalesce(sum(total_tokens) filter (where not is_current), 0) as changed_tokens
    from cells
    group by all
),

changed as (
    select
        date,
        count(*) filter (where changed_tokens <> 0) as models_changed,
        arg_max(model_permaslug, (abs(changed_tokens), model_permaslug)) filter (where changed_tokens <> 0) as largest_change_model
    from changes
    where model_permaslug <> 'other'
    group by date
),

totals as (
    select
        content_hash,
        sum(total_tokens)::bigint as platform_tokens
    from {{ ref('stg_openrouter__ranking_rows') }}
    group by content_hash
)

select
    first_boards.date,
    first_boards.as_of as first_as_of,
    boards.as_of,
    counted.revisions,
    first_totals.platform_tokens as first_platform_tokens,
    totals.platform_tokens,
    totals.platform_tokens / nullif(first_totals.platform_tokens, 0) - 1 as change_ratio,
    coalesce(changed.models_changed, 0) as models_changed,
    changed.largest_change_model,
    (epoch_us(counted.last_changed_at) - epoch_us(first_boards.as_of)) / 86400e6 as days_until_last_change,
    (epoch_us(observations.last_asked_at) - epoch_us(first_boards.as_of)) / 86400e6 as days_watched,
    -- Later than that, the source may have restated the day before we ever saw it.
    first_boards.as_of < (first_boards.date + 2)::timestamp at time zone 'UTC' as is_seen_fresh,
    boards.origin,
    boards.answer_sha256
from first_boards
inner join boards
    on
        first_boards.date = boards.date
        and boards.is_current
inner join counted
    using (date)
inner join observations
    using (date)
inner join totals
    on boards.content_hash = totals.content_hash
inner join totals as first_totals
    on first_boards.content_hash = first_totals.content_hash
left join changed
    using (date)
order by first_boards.date
