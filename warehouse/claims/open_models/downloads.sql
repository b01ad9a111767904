-- One row per basis: whether Chinese open-weight models are downloaded more often than US ones.
{{ config(meta={
    'claim_id': 'downloads',
    'statement': 'Chinese open-weight models passed US ones in downloads; Qwen passed Llama.',
    'said_by': 'press, after the ATOM Report and Bloomberg',
    'said_on': '2026-04-08',
    'population': 'downloads from Hugging Face of open-weight language models, by country '
        ~ 'of the lab',
    'unit': 'first over second side',
    'source_url': 'https://arxiv.org/abs/2604.07190',
    'article': 'open_models',
    'holds_if': 'Downloads of a year by lab and country were counted, and China\'s '
        ~ 'exceeded those of the US, as Qwen\'s did those of Llama.',
}) }}
-- The ATOM Report has Chinese over US downloads from summer 2025 on; Bloomberg, as AI Pressa quotes it,
-- 385.3 million of Qwen and 346.2 million of Llama. Neither makes a verdict here. `year` is the 52 weeks
-- before the statement and needs counts of those days; `all_time` is every download that the Hub ever
-- counted of the models of the newest list. What is not attributed counts for the second side.
{% set evidence %}
    with attributions as (
        select unnest(['publisher', 'releasing_lab', 'base_lab']) as attribution
    ),

    year_weeks as (
        select
            attributions.attribution,
            count(distinct weeks.week_start) filter (where weeks.is_whole_week) as weeks,
            sum(weeks.downloads) filter (where weeks.member = 'CN') as first_side,
            sum(weeks.downloads) filter (where weeks.member = 'US') as second_side,
            sum(
                case weeks.member
                    when 'unknown' then weeks.downloads + weeks.unknown_downloads
                    else weeks.unknown_downloads
                end
            ) as unknown_side
        from attributions
        left join {{ ref('downloads_weekly') }} as weeks
            on
                attributions.attribution = weeks.attribution
                and weeks.dimension = 'country'
                and weeks.week_start between '2025-04-07' and '2026-03-30'
        group by attributions.attribution
    ),

    counted as (
        select
            attributions.attribution,
            models.downloads_all_time,
            case attributions.attribution
                when 'publisher' then models.publisher_country
                when 'releasing_lab' then models.releasing_country
                else models.base_country
            end as country,
            case attributions.attribution
                when 'releasing_lab' then models.releasing_family
                when 'base_lab' then models.family
            end as family
        from {{ ref('hub_models') }} as models
        cross join attributions
        where models.out_of_scope is null
    )

    select
        'year_' || attribution as basis,
        weeks,
        52 as weeks_needed,
        first_side::bigint as first_side,
        second_side::bigint as second_side,
        unknown_side::bigint as unknown_side
    from year_weeks
    union all
    select
        'all_time_' || attribution as basis,
        null as weeks,
        null as weeks_needed,
        (sum(downloads_all_time) filter (where country = 'CN'))::bigint as first_side,
        (sum(downloads_all_time) filter (where country = 'US'))::bigint as second_side,
        (sum(downloads_all_time) filter (where country = 'unknown'))::bigint as unknown_side
    from counted
    group by attribution
    union all
    select
        'qwen_and_llama_' || attribution as basis,
        null as weeks,
        null as weeks_needed,
        (sum(downloads_all_time) filter (where family = 'qwen'))::bigint as first_side,
        (sum(downloads_all_time) filter (where family = 'llama'))::bigint as second_side,
        (sum(downloads_all_time) filter (where family = 'unknown'))::bigint as unknown_side
    from counted
    where attribution <> 'publisher'
    group by attribution
    order by basis
{% endset %}
with found as (
    {{ evidence }}
),

bases as (
    select unnest([
        'year_publisher', 'year_releasing_lab', 'year_base_lab',
        'all_time_publisher', 'all_time_releasing_lab', 'all_time_base_lab',
        'qwen_and_llama_releasing_lab', 'qwen_and_llama_base_lab'
    ]) as basis
),

judged as (
    select
        bases.basis,
        found.weeks,
        found.first_side,
        found.second_side,
        coalesce(found.unknown_side, 0) as unknown_side,
        found.first_side is null
        or found.second_side is null
        or coalesce(found.weeks < found.weeks_needed, false) as is_missing
    from bases
    left join found
        on bases.basis = found.basis
),

-- Weeks that end a year of whole weeks: what it had in all.
years as (
    select
        'year_' || attribution as basis,
        week_start,
        count(*) over last_year as weeks,
        sum(first_side) over last_year as first_side,
        sum(second_side) over last_year as second_side,
        sum(unknown_side) over last_year as unknown_side
    from (
        select
            attribution,
            week_start,
            coalesce(sum(downloads) filter (where member = 'CN'), 0) as first_side,
            coalesce(sum(downloads) filter (where member = 'US'), 0) as second_side,
            sum(case when member = 'unknown' then downloads else 0 end + unknown_downloads) as unknown_side
        from {{ ref('downloads_weekly') }}
        where
            dimension = 'country'
            and is_whole_week
        group by attribution, week_start
    ) as weekly
    window
        last_year as (
            partition by attribution
            order by week_start
            range between interval 357 days preceding and current row
        )
),

dates as (
    {{ true_spans('years', 'weeks = 52 and first_side > second_side + unknown_side') }}
),

listed as (
    select max(counted_on) as counted_on
    from {{ ref('hub_models') }}
),

captured as (
    select max(fetched_at) as as_of
    from {{ ref('ingest_log') }}
    where source in ('hub_models', 'hub_history')
)

select
    judged.basis,
    1.0::double as expected,
    case
        -- Of the year that ends with each week; of the newest list its day.
        when starts_with(judged.basis, 'year') then dates.true_dates
        when judged.is_missing or listed.counted_on is null then null
        when judged.first_side > judged.second_side + judged.unknown_side
            then [listed.counted_on || '..' || listed.counted_on]
        else []::varchar[]
    end as true_dates,
    captured.as_of,
    case
        when not judged.is_missing and judged.second_side > 0
            then (judged.first_side / judged.second_side)::double
    end as measured,
    case
        when not judged.is_missing
            then
                format(
                    '{:,} beside {:,} downloads, and {:,} that may be of either',
                    judged.first_side, judged.second_side, judged.unknown_side
                )
    end as measured_text,
    case
        when judged.is_missing then 'unverifiable'
        when judged.first_side > judged.second_side + judged.unknown_side then 'supported'
        when judged.first_side + judged.unknown_side <= judged.second_side then 'contradicted'
        else 'unverifiable'
    end as verdict,
    case
        when judged.is_missing and starts_with(judged.basis, 'year')
            then
                format(
                    'Downloads of {} of the 52 weeks from 2025-04-07 to 2026-04-05 are loaded. ',
                    coalesce(judged.weeks, 0)
                )
                || '`tokentide ingest downloads --history FILE` loads counts that somebody kept; by author they '
                || 'show the publisher alone.'
        when judged.is_missing
            then
                'No list of the Hub with downloads of both sides is loaded. `tokentide ingest downloads` '
                || 'fetches it.'
        when judged.first_side > judged.second_side + judged.unknown_side
            then 'The first side has more downloads, whoever the unknown ones are of.'
        when judged.first_side + judged.unknown_side <= judged.second_side
            then 'The second side has at least as many downloads, whoever the unknown ones are of.'
        else
            'It depends on the downloads whose lab is not known. What is missing is the base that '
            || 'repositories do not state, and labs of accounts.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from judged
cross join captured
cross join listed
left join dates
    on judged.basis = dates.basis
