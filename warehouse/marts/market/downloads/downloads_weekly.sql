-- One row per week, attribution, dimension and member: downloads of models in scope, and their share.
--
-- Bounds hold for every owner of what is not attributed, and for every count of models that have no
-- figure on a day: such a model had at most its rolling sum of 30 days, or all that it ever had.
with counted_days as (
    select
        date,
        date_trunc('week', date)::date as week_start
    from {{ ref('download_days') }}
    where is_counted
),

weeks as (
    select
        week_start,
        count(*)::integer as days
    from counted_days
    group by week_start
),

model_weeks as (
    select
        counted_days.week_start,
        daily.hub_id,
        coalesce(sum(daily.downloads), 0)::bigint as downloads,
        coalesce(
            max(coalesce(daily.downloads_30d, daily.downloads_all_time)) filter (where daily.downloads is null), 0
        )::bigint as unknown_downloads,
        bool_or(daily.is_spread) as is_spread,
        max(daily.origin) as origin
    from {{ ref('model_downloads_daily') }} as daily
    inner join counted_days
        on daily.date = counted_days.date
    group by counted_days.week_start, daily.hub_id
),

attributed as (
    select
        model_weeks.week_start,
        model_weeks.downloads,
        model_weeks.unknown_downloads,
        model_weeks.is_spread,
        model_weeks.origin,
        'hub' as source,
        models.parameters_citation,
        unnest([ -- noqa: AL03
            struct_pack(attribution := 'publisher', dimension := 'author', member := lower(models.publisher)),
            struct_pack(attribution := 'publisher', dimension := 'country', member := models.publisher_country),
            struct_pack(attribution := 'publisher', dimension := 'quantisation', member := models.quantisation),
            struct_pack(attribution := 'publisher', dimension := 'size', member := models.size_band),
            struct_pack(attribution := 'releasing_lab', dimension := 'author', member := models.releasing_lab),
            struct_pack(attribution := 'releasing_lab', dimension := 'country', member := models.releasing_country),
            struct_pack(attribution := 'releasing_lab', dimension := 'family', member := models.releasing_family),
            struct_pack(attribution := 'base_lab', dimension := 'author', member := models.base_lab),
            struct_pack(attribution := 'base_lab', dimension := 'country', member := models.base_country),
            struct_pack(attribution := 'base_lab', dimension := 'family', member := models.family)
        ], recursive := true)
    from model_weeks
    inner join {{ ref('hub_models') }} as models
        using (hub_id)
    where models.out_of_scope is null
),

-- Weeks before our own days, of files that have accounts alone.
past_days as (
    select
        date_trunc('week', authors.date)::date as week_start,
        authors.date,
        authors.author,
        authors.country,
        authors.downloads,
        authors.origin
    from {{ ref('author_downloads_daily') }} as authors
    where
        authors.source = 'history'
        and date_trunc('week', authors.date)::date not in (select weeks.week_start from weeks)
),

past as (
    select
        week_start,
        downloads,
        0::bigint as unknown_downloads,
        false as is_spread,
        origin,
        'history' as source,
        null::varchar as parameters_citation,
        unnest([ -- noqa: AL03
            struct_pack(attribution := 'publisher', dimension := 'author', member := author),
            struct_pack(attribution := 'publisher', dimension := 'country', member := country)
        ], recursive := true)
    from past_days
),

all_days as (
    select * from weeks
    union all by name
    select
        week_start,
        count(distinct date)::integer as days
    from past_days
    group by week_start
),

joined as (
    select * from attributed
    union all by name
    select * from past
),

sources as (
    select
        source,
        string_agg(distinct licence, '; ' order by licence) as licence,
        string_agg(distinct citation, '; ' order by citation) as citation
    from {{ ref('author_downloads_daily') }}
    group by source
),

-- Kept, since each sum over a week would otherwise join all of it again.
members as materialized (
    select
        week_start,
        attribution,
        dimension,
        coalesce(member, 'unknown') as member,
        sum(downloads)::bigint as downloads,
        sum(unknown_downloads)::bigint as unknown_downloads,
        bool_or(is_spread) as is_spread,
        any_value(source) as source,
        any_value(parameters_citation) filter (where dimension = 'size') as parameters_citation,
        max(origin) as origin
    from joined
    group by week_start, attribution, dimension, coalesce(member, 'unknown')
),

totals as (
    select
        *,
        sum(downloads) over in_week as all_downloads,
        sum(unknown_downloads) over in_week as all_unknown,
        coalesce(sum(downloads) filter (where member = 'unknown') over in_week, 0) as ownerless,
        coalesce(sum(unknown_downloads) filter (where member = 'unknown') over in_week, 0) as ownerless_unknown
    from members
    window in_week as (partition by week_start, attribution, dimension)
)

select
    totals.week_start,
    totals.attribution,
    totals.dimension,
    totals.member,
    totals.downloads,
    totals.unknown_downloads,
    (totals.downloads / nullif(totals.all_downloads, 0))::double as share,
    case
        when totals.member = 'unknown' then 0.0
        else
            (
                totals.downloads
                / nullif(totals.all_downloads + totals.all_unknown - totals.unknown_downloads, 0)
            )::double
    end as share_low,
    case
        when totals.member = 'unknown'
            then
                (
                    (totals.downloads + totals.unknown_downloads)
                    / nullif(totals.all_downloads + totals.unknown_downloads, 0)
                )::double
        else
            (
                (totals.downloads + totals.unknown_downloads + totals.ownerless + totals.ownerless_unknown)
                / nullif(totals.all_downloads + totals.unknown_downloads + totals.ownerless_unknown, 0)
            )::double
    end as share_high,
    case
        when totals.member <> 'unknown'
            then
                (
                    row_number() over (
                        partition by totals.week_start, totals.attribution, totals.dimension
                        order by totals.member = 'unknown', totals.downloads desc, totals.member
                    )
                )::integer
    end as rank,
    all_days.days,
    all_days.days = 7 as is_whole_week,
    totals.is_spread,
    totals.source,
    sources.licence,
    -- A size may be that of another list.
    nullif(concat_ws('; ', sources.citation, totals.parameters_citation), '') as citation,
    totals.origin
from totals
inner join all_days using (week_start)
left join sources
    on totals.source = sources.source
order by totals.week_start, totals.attribution, totals.dimension, totals.downloads desc, totals.member
