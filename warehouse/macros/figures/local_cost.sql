{#- What a million tokens cost on devices that are busy for `load` of the time: fixed cost is paid always, energy as busy or idle time draws
    it, and tokens come at `capacity` a second while busy. All rates are USD a second of the whole target. -#}
{% macro local_usd_per_mtok(load, fixed, busy, idle, capacity) -%}
    ({{ fixed }} + {{ load }} * {{ busy }} + (1 - {{ load }}) * {{ idle }}) / ({{ load }} * {{ capacity }}) * 1e6
{%- endmacro %}

{#- The load at which that equals a price in USD per million tokens, as it comes, also above 1; null where no load does: what energy adds with
    each busy second is then no less than what its tokens are worth. -#}
{% macro break_even_load(usd_per_mtok, fixed, busy, idle, capacity) -%}
    case
        when {{ capacity }} * {{ usd_per_mtok }} / 1e6 > {{ busy }} - {{ idle }}
            then ({{ fixed }} + {{ idle }}) / ({{ capacity }} * {{ usd_per_mtok }} / 1e6 - ({{ busy }} - {{ idle }}))
    end
{%- endmacro %}
