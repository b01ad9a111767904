{#- Evidence: for each week and basis, whether Chinese labs were above American ones, and first of all countries. On the bases that have
    bounds, null where it depends on whom the unknown belongs to. -#}
{% macro country_weeks(first, last) -%}
    select
        calendar.week_start,
        calendar.basis,
        any_value(weeks.share) filter (where weeks.country = 'CN') as chinese_share,
        any_value(weeks.share) filter (where weeks.country = 'US') as us_share,
        any_value(weeks.share) filter (where weeks.country = 'unknown') as unknown_share,
        any_value(weeks.is_above_us) filter (where weeks.country = 'CN') as is_chinese_above_us,
        any_value(weeks.is_first) filter (where weeks.country = 'CN') as is_chinese_first,
        any_value(weeks.days) as days
    from (
        select
            unnest({{ mondays(first, last) }})::date as week_start,
            bases.basis
        from (
            values ('top9'), ('top50'), ('top50_cloaked_later'), ('top50_without_free'), ('platform')
        ) as bases (basis)
    ) as calendar
    left join {{ ref('market_country_weekly') }} as weeks
        on
            calendar.week_start = weeks.week_start
            and calendar.basis = weeks.basis
    group by calendar.week_start, calendar.basis
    order by calendar.basis, calendar.week_start
{%- endmacro %}

{#- Verdicts on `flag` having held for `expected` weeks in a row within `weeks`: by each basis, from the certain weeks and from those that
    may have been. `window` says which days are missing. -#}
{% macro streak_verdicts(flag, expected, first, last, what, evidence) -%}
with weeks as (
    {{ evidence }}
),

missing as (
    {{ claim_window(first, last) }}
),

runs as (
    select
        basis,
        is_certain,
        coalesce(max(weeks) filter (where held), 0) as weeks
    from (
        select
            basis,
            is_certain,
            held,
            count(*) as weeks
        from (
            select
                weeks.basis,
                certain.is_certain,
                coalesce(weeks.{{ flag }}, not certain.is_certain) as held,
                weeks.week_start - 7 * (
                    row_number() over (
                        partition by weeks.basis, certain.is_certain, coalesce(weeks.{{ flag }}, not certain.is_certain)
                        order by weeks.week_start
                    )
                )::integer as run
            from weeks
            cross join (values (true), (false)) as certain (is_certain)
        ) as held_weeks
        group by basis, is_certain, held, run
    ) as lengths
    group by basis, is_certain
),

judged as (
    select
        basis,
        any_value(weeks) filter (where is_certain) as weeks,
        any_value(weeks) filter (where not is_certain) as weeks_high
    from runs
    group by basis
)

select
    judged.basis,
    {{ expected }}::double as expected,
    missing.missing_days,
    missing.as_of,
    -- What could be more weeks than are certain has no figure, only the bounds in words.
    case when missing.missing_days is null and judged.weeks = judged.weeks_high then judged.weeks::double end as measured,
    case
        when missing.missing_days is null
            then
                '{{ what }} for ' || judged.weeks || ' weeks in a row, {{ first }} to {{ last }}'
                || case when judged.weeks_high > judged.weeks then ', or for up to ' || judged.weeks_high else '' end
    end as measured_text,
    case
        when missing.missing_days is not null then 'unverifiable'
        when judged.weeks >= {{ expected }} then 'supported'
        when judged.weeks_high >= {{ expected }} then 'unverifiable'
        else 'contradicted'
    end as verdict,
    case
        when missing.missing_days is not null then missing.missing_reason
        else
            {{ basis_words('judged.basis') }} || ' ' || judged.weeks || ' certain weeks in a row, {{ expected }} needed'
            || case
                when judged.weeks < {{ expected }} and judged.weeks_high >= {{ expected }}
                    then
                        '; up to ' || judged.weeks_high || ' if all that is unknown were Chinese. What is missing is whose the cloaked models, '
                        || 'and on the platform the models beyond the top 50, are'
                else ''
            end || '.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from judged
cross join missing
{%- endmacro %}

{#- What each basis of market_country_weekly counts, in a sentence's beginning. -#}
{% macro basis_words(basis) -%}
    case {{ basis }}
        when 'top9' then 'Nine largest models of each week, by the releasing lab, cloaked ones left out:'
        when 'top50' then 'Named models of each day, by author, cloaked ones left out:'
        when 'top50_cloaked_later' then 'Named models, cloaked ones with those who later claimed them, the unclaimed with either side:'
        when 'top50_without_free' then 'Named models without free listings, cloaked ones left out:'
        when 'platform' then 'All traffic, what is not attributed with either side:'
    end
{%- endmacro %}
