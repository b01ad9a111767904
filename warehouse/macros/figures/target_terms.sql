{#- Terms of the days of a relation (target, day), each row cut at the edges of its day: a change of
    today leaves the rows of other days as they are, and so what is made from these. -#}
{% macro terms_of_days(days) -%}
    select
        days.target,
        days.day,
        greatest(terms.from_at, days.day::timestamptz) as from_at,
        least(terms.until_at, (days.day + 1)::timestamptz) as until_at,
        terms.* exclude (target, from_at, until_at)
    from {{ days }} as days
    inner join {{ ref('target_terms') }} as terms
        on
            days.target = terms.target
            and terms.from_at < (days.day + 1)::timestamptz
            and terms.until_at > days.day::timestamptz
{%- endmacro %}

{#- Condition that rows `terms` of a table of days are those of an hour of a target. The day is not
    needed, but an equality of days is quick. -#}
{% macro are_terms_of(target, hour) -%}
    {{ target }} = terms.target
    and {{ utc_date(hour) }} = terms.day
    and {{ hour }} >= terms.from_at
    and {{ hour }} < terms.until_at
{%- endmacro %}

{#- Reason why the terms of an hour are not known, of its columns `is_known_target` and
    `is_in_tier_file`. -#}
{% macro no_terms_reason() -%}
    case
        when not is_known_target then 'the target is not in the tier file'
        when not is_in_tier_file then 'the target was not in the tier file at that time'
    end
{%- endmacro %}
