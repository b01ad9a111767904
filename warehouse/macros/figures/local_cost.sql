{#- Cost of a million tokens on devices that are busy for `load` of the time: fixed cost accrues
    always, energy at the busy or the idle rate, and tokens come at `capacity` a second while busy.
    All rates are USD a second of the whole target. -#}
{% macro local_usd_per_mtok(load, fixed, busy, idle, capacity) -%}
    ({{ fixed }} + {{ load }} * {{ busy }} + (1 - {{ load }}) * {{ idle }})
    / ({{ load }} * {{ capacity }}) * 1e6
{%- endmacro %}

{#- Load at which that cost equals a price in USD per million tokens, possibly above 1; null where
    there is none, since the energy of a busy second then costs as much as its tokens are worth, or
    more. -#}
{% macro break_even_load(usd_per_mtok, fixed, busy, idle, capacity) -%}
    case
        when {{ capacity }} * {{ usd_per_mtok }} / 1e6 > {{ busy }} - {{ idle }}
            then
                ({{ fixed }} + {{ idle }})
                / ({{ capacity }} * {{ usd_per_mtok }} / 1e6 - ({{ busy }} - {{ idle }}))
    end
{%- endmacro %}

{#- Mean of a day's hours by their timed seconds, exactly the value itself where it did not change. -#}
{% macro mean_of_day(value) -%}
    case
        when min({{ value }}) = max({{ value }}) then min({{ value }})
        else
            sum({{ value }} * timed_seconds)
            / nullif(sum(timed_seconds) filter (where {{ value }} is not null), 0)
    end
{%- endmacro %}
