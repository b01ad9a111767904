-- One row per UTC day with figures: change of its total since the first answer that had it.
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

rankings as (
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

first_rankings as (
    select *
    from rankings
    qualify row_number() over (partition by date order by as_of) = 1
),

counted as (
    select
        date,
        count(*) - 1 as revisions,
        max(as_of) as last_changed_at
    from rankings
    group by date
),

-- Only days that changed are compared; most never do.
compared_rows as (
    select
        compared.date,
        compared.is_current,
        ranking_rows.model_permaslug,
        ranking_rows.total_tokens
    from (
        select
            date,
            content_hash,
            is_current
        from rankings
        where is_current
        union all
        select
            date,
            content_hash,
            false as is_current
        from first_rankings
    ) as compared
    inner join counted
        using (date)
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where counted.revisions > 0
),

changes as (
    select
        date,
        model_permaslug,
        coalesce(sum(total_tokens) filter (where is_current), 0)
        - coalesce(sum(total_tokens) filter (where not is_current), 0) as changed_tokens
    from compared_rows
    group by all
),

changed as (
    select
        date,
        count(*) filter (where changed_tokens <> 0) as models_changed,
        arg_max(model_permaslug, (abs(changed_tokens), model_permaslug)) filter (
            where changed_tokens <> 0
        ) as largest_change_model
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
    first_rankings.date,
    first_rankings.as_of as first_as_of,
    rankings.as_of,
    counted.revisions,
    first_totals.platform_tokens as first_platform_tokens,
    totals.platform_tokens,
    totals.platform_tokens / nullif(first_totals.platform_tokens, 0) - 1 as change_ratio,
    coalesce(changed.models_changed, 0) as models_changed,
    changed.largest_change_model,
    (epoch_us(counted.last_changed_at) - epoch_us(first_rankings.as_of))
    / 86400e6 as days_until_last_change,
    (epoch_us(observations.last_asked_at) - epoch_us(first_rankings.as_of))
    / 86400e6 as days_watched,
    -- Any later, and the source may have restated the day before we first saw it.
    first_rankings.as_of < (first_rankings.date + 2)::timestamp at time zone 'UTC' as is_seen_fresh,
    rankings.origin,
    rankings.answer_sha256
from first_rankings
inner join rankings
    using (date)
inner join counted
    using (date)
inner join observations
    using (date)
inner join totals
    on rankings.content_hash = totals.content_hash
inner join totals as first_totals
    on first_rankings.content_hash = first_totals.content_hash
left join changed
    using (date)
where rankings.is_current
order by first_rankings.date
