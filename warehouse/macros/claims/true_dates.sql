{#- Spans of the whole weeks of `weeks`, a relation with basis and week_start, that meet `condition`:
    a list by basis, `first..last`. A basis without any has an empty list. -#}
{% macro true_spans(weeks, condition) -%}
    select
        basis,
        coalesce(
            list(first_day || '..' || last_day order by first_day)
                filter (where first_day is not null),
            []
        ) as true_dates
    from (
        select
            basis,
            min(week_start) filter (where is_held) as first_day,
            max(week_start + 6) filter (where is_held) as last_day
        from (
            select
                basis,
                week_start,
                is_held,
                -- Consecutive weeks that are held share this difference.
                week_start - 7 * (
                    row_number() over (partition by basis, is_held order by week_start)
                )::integer as run
            from (
                select
                    basis,
                    week_start,
                    coalesce({{ condition }}, false) as is_held
                from {{ weeks }}
            ) as held
        ) as runs
        group by basis, is_held, run
    ) as spans
    group by basis
{%- endmacro %}

{#- Spans of the days of `days`, a relation with basis and date, that meet `condition`: a list by basis,
    `first..last`. A basis without any has an empty list. -#}
{% macro true_day_spans(days, condition) -%}
    select
        basis,
        coalesce(
            list(first_day || '..' || last_day order by first_day)
                filter (where first_day is not null),
            []
        ) as true_dates
    from (
        select
            basis,
            min(date) filter (where is_held) as first_day,
            max(date) filter (where is_held) as last_day
        from (
            select
                basis,
                date,
                is_held,
                -- Consecutive days that are held share this difference.
                date - (
                    row_number() over (partition by basis, is_held order by date)
                )::integer as run
            from (
                select
                    basis,
                    date,
                    coalesce({{ condition }}, false) as is_held
                from {{ days }}
            ) as held
        ) as runs
        group by basis, is_held, run
    ) as spans
    group by basis
{%- endmacro %}
