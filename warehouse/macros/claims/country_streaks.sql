{#- Evidence for claims on weeks in a row: for each week and basis, whether Chinese labs were above
    US ones, and first of all countries. Bases with bounds have null where that depends on whose the
    unknown is. `flag` is the column of market_country_weekly that the claim is about. The text is
    published as evidence_sql, so its layout matters. -#}
{% macro country_weeks(first, last, flag) -%}
    select
        calendar.week_start,
        calendar.basis,
        any_value(weeks.share) filter (where weeks.country = 'CN') as chinese_share,
        any_value(weeks.share) filter (where weeks.country = 'US') as us_share,
        any_value(weeks.share) filter (where weeks.country = 'unknown') as unknown_share,
        any_value(weeks.is_above_us) filter (where weeks.country = 'CN') as is_chinese_above_us,
        any_value(weeks.is_first) filter (where weeks.country = 'CN') as is_chinese_first,
        any_value(weeks.share_low) filter (where weeks.country = 'CN') as chinese_low,
        any_value(weeks.share_high) filter (where weeks.country = 'CN') as chinese_high,
        any_value(weeks.share_low) filter (where weeks.country = 'US') as us_low,
        any_value(weeks.share_high) filter (where weeks.country = 'US') as us_high,
        any_value(weeks.{{ flag }}) filter (where weeks.country = 'CN') as is_true,
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

{#- Verdicts by basis on `flag` having held for `expected` weeks in a row between `first` and
    `last`: once for the certain weeks alone, once with the possible ones. `evidence` has the
    weeks; `column` is the flag in market_country_weekly, whose whole weeks of all time give the spans
    in which it was so. -#}
{% macro streak_verdicts(flag, expected, first, last, what, evidence, column) -%}
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
                        partition by
                            weeks.basis,
                            certain.is_certain,
                            coalesce(weeks.{{ flag }}, not certain.is_certain)
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

longest as (
    select
        basis,
        any_value(weeks) filter (where is_certain) as weeks,
        any_value(weeks) filter (where not is_certain) as weeks_high
    from runs
    group by basis
),

all_weeks as (
    select
        basis,
        week_start,
        {{ column }} as is_so
    from {{ ref('market_country_weekly') }}
    where
        country = 'CN'
        and days = 7
),

dates as (
    {{ true_spans('all_weeks', 'is_so') }}
)

select
    longest.basis,
    {{ expected }}::double as expected,
    coalesce(dates.true_dates, []) as true_dates,
    missing.missing_days,
    missing.as_of,
    -- Where more weeks than the certain ones are possible, there is no figure, only bounds in
    -- words.
    case
        when missing.missing_days is null and longest.weeks = longest.weeks_high
            then longest.weeks::double
    end as measured,
    case
        when missing.missing_days is null
            then
                '{{ what }} for ' || longest.weeks || ' weeks in a row, {{ first }} to {{ last }}'
                || case
                    when longest.weeks_high > longest.weeks then ', or for up to ' || longest.weeks_high
                    else ''
                end
    end as measured_text,
    case
        when missing.missing_days is not null then 'unverifiable'
        when longest.weeks >= {{ expected }} then 'supported'
        when longest.weeks_high >= {{ expected }} then 'unverifiable'
        else 'contradicted'
    end as verdict,
    case
        when missing.missing_days is not null then missing.missing_reason
        else
            {{ basis_words('longest.basis') }}
            || ' ' || longest.weeks || ' certain weeks in a row, {{ expected }} needed'
            || case
                when longest.weeks < {{ expected }} and longest.weeks_high >= {{ expected }}
                    then
                        '; up to ' || longest.weeks_high || ' if all that is unknown were Chinese. '
                        || 'What is missing is whose the cloaked models, '
                        || 'and on the platform the models beyond the top 50, are'
                else ''
            end || '.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from longest
cross join missing
left join dates
    on longest.basis = dates.basis
{%- endmacro %}

{#- Beginning of a sentence on a basis of market_country_weekly: what it counts. -#}
{% macro basis_words(basis) -%}
    case {{ basis }}
        when 'top9'
            then 'Nine largest models of each week, by the releasing lab, cloaked ones left out:'
        when 'top50' then 'Named models of each day, by author, cloaked ones left out:'
        when 'top50_cloaked_later'
            then
                'Named models, cloaked ones with those who later claimed them, '
                || 'the unclaimed with either side:'
        when 'top50_without_free' then 'Named models without free listings, cloaked ones left out:'
        when 'platform' then 'All traffic, what is not attributed with either side:'
    end
{%- endmacro %}
