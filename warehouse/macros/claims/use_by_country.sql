{#- Evidence of claims on use: shares of Chinese and US models by week in filtered rankings, with
    what is not attributed as a bound; and of the newest classification of tasks, of which only the
    largest models are listed, so the rest may be anybody's. `slices` are names of filters, `tag` a
    pattern of tasks. -#}
{% macro use_evidence(slices, tag) -%}
    with countries as (
        select
            model_base,
            arg_max(releasing_country, date) as country
        from {{ ref('market_tokens_daily') }}
        where not is_other
        group by model_base
    ),

    sliced as (
        select
            weekly.date as week_start,
            weekly.slice as basis,
            sum(weekly.total_tokens) filter (where countries.country = 'CN') as chinese_tokens,
            sum(weekly.total_tokens) filter (where countries.country = 'US') as us_tokens,
            sum(weekly.total_tokens) as tokens
        from {{ ref('market_slices') }} as weekly
        left join countries
            on split_part(weekly.model_permaslug, ':', 1) = countries.model_base
        where
            weekly.grain = 'week'
            and weekly.slice in ({{ slices | map('tojson') | map('replace', '"', "'") | join(', ') }})
        group by all
    ),

    ids as (
        select
            models.model_id,
            any_value(countries.country) as country
        from {{ ref('models') }} as models
        inner join countries
            on models.model_base = countries.model_base
        group by models.model_id
    ),

    classified as (
        select
            tasks.date,
            tasks.tag,
            any_value(tasks.token_share) as token_share,
            coalesce(sum(listed.token_share_of_task) filter (where ids.country = 'CN'), 0) as chinese_part,
            coalesce(sum(listed.token_share_of_task) filter (where ids.country = 'US'), 0) as us_part
        from {{ ref('market_tasks_daily') }} as tasks
        left join {{ ref('market_task_models_daily') }} as listed
            on
                tasks.date = listed.date
                and tasks.tag = listed.tag
        left join ids
            on listed.model_id = ids.model_id
        where
            tasks.tag like '{{ tag }}'
            and tasks.date = (select max(newest.date) from {{ ref('market_tasks_daily') }} as newest)
        group by all
    )

    select
        asked.basis,
        found.week_start,
        found.chinese_share,
        found.us_share,
        found.unknown_share,
        case
            when found.chinese_share > found.us_share + found.unknown_share then true
            when found.chinese_share + found.unknown_share < found.us_share then false
        end as is_true
    from (
        select unnest([{% for slice in slices %}'{{ slice }}', {% endfor %}'tasks']) as basis
    ) as asked
    left join (
        select
            basis,
            week_start,
            chinese_tokens / tokens as chinese_share,
            us_tokens / tokens as us_share,
            1 - (coalesce(chinese_tokens, 0) + coalesce(us_tokens, 0)) / tokens as unknown_share
        from sliced
        union all
        select
            'tasks' as basis,
            date - 6 as week_start,
            sum(token_share * chinese_part) / sum(token_share) as chinese_share,
            sum(token_share * us_part) / sum(token_share) as us_share,
            1 - sum(token_share * (chinese_part + us_part)) / sum(token_share) as unknown_share
        from classified
        group by date
    ) as found
        on asked.basis = found.basis
    order by asked.basis, found.week_start
{%- endmacro %}

{#- Verdicts on Chinese models having led, in the newest week of each basis. -#}
{% macro use_verdicts(evidence, missing_words) -%}
with found as (
    {{ evidence }}
),

dates as (
    {{ true_spans('found', 'is_true') }}
),

newest as (
    select *
    from found
    qualify row_number() over (partition by basis order by week_start desc nulls last) = 1
),

known as (
    select max(as_of) as as_of
    from {{ ref('market_days') }}
)

select
    newest.basis,
    newest.us_share::double as expected,
    newest.chinese_share::double as measured,
    format(
        'week of {}: {:.1f} % Chinese, {:.1f} % US, {:.1f} % not attributed',
        newest.week_start,
        100 * newest.chinese_share,
        100 * newest.us_share,
        100 * newest.unknown_share
    ) as measured_text,
    case
        when newest.is_true is null then 'unverifiable'
        when newest.is_true then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when newest.week_start is null then '{{ missing_words }}'
        when newest.is_true is null
            then 'Whose the rest is, is missing: it is larger than the lead.'
        when newest.is_true then 'Above the US whoever owns the rest, in the newest week.'
        else 'Below the US whoever owns the rest, in the newest week.'
    end as reason,
    dates.true_dates,
    known.as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from newest
cross join known
left join dates
    on newest.basis = dates.basis
{%- endmacro %}
