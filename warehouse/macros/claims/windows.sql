{#- One row: the days of a window without figures; null if all have them. A day that no answer
    covered is not loaded yet. A day that an answer covered without figures is missing in the
    source, and another request will hardly change that. -#}
{% macro claim_window(first, last) -%}
    select
        list(span order by span) as missing_days,
        nullif(
            concat_ws(
                ' ',
                'Days not loaded: '
                || string_agg(span, ', ' order by span) filter (where not is_missing)
                || '. '
                || '`tokentide ingest market --start {{ first }} --end {{ last }}` asks for them.',
                'Days that the source has no figures of: '
                || string_agg(span, ', ' order by span) filter (where is_missing)
                || '.'
            ), ''
        ) as missing_reason,
        (select max(known.as_of) from {{ ref('market_days') }} as known) as as_of
    from (
        select
            is_missing,
            case
                when min(date) = max(date) then min(date)::varchar
                else min(date) || '..' || max(date)
            end as span
        from (
            select
                days.date,
                known.date is not null as is_missing,
                -- Consecutive days share this difference, so it tells one run from the next.
                (days.date - '2000-01-01'::date) - row_number() over (
                    partition by known.date is not null
                    order by days.date
                ) as run
            from (
                select
                    unnest(
                        generate_series('{{ first }}'::date, '{{ last }}'::date, interval 1 day)
                    )::date as date
            ) as days
            left join {{ ref('market_days') }} as known
                using (date)
            where
                known.date is null
                or known.is_missing
        ) as days_without_figures
        group by is_missing, run
    ) as spans
{%- endmacro %}

{#- All Mondays from `first` to `last`, as a list. -#}
{% macro mondays(first, last) -%}
    generate_series('{{ first }}'::date, '{{ last }}'::date, interval 7 day)
{%- endmacro %}
