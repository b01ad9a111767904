{#- Reasons why speeds of an hour are not known, in the order in which they hold. They read columns of
    served_tokens_hourly beside timed_tokens, is_untimed and is_generation_untimed. -#}
{% macro untimed_reason() -%}
    'its tokens came in a minute that ends a gap, so how long they took is not known'
{%- endmacro %}

{% macro no_time_reason() -%}
    case
        when covered_seconds > 0 and timed_seconds <= 0 and unknown_reason is not null
            then unknown_reason
        when covered_seconds > 0 and timed_seconds <= 0
            then
                'all covered minutes of this hour end gaps, so how long its tokens took is not '
                || 'known'
        when timed_seconds <= 0 then 'no time of this hour is covered'
    end
{%- endmacro %}

{% macro no_speed_reason() -%}
    case
        when no_time_reason is not null then no_time_reason
        when timed_generation_tokens is null then 'the server does not count generated tokens'
        when is_generation_untimed then {{ untimed_reason() }}
    end
{%- endmacro %}

{% macro no_tokens_reason() -%}
    case
        when no_time_reason is not null then no_time_reason
        when timed_tokens is null then 'the server does not count all its tokens'
        when is_untimed then {{ untimed_reason() }}
        when timed_tokens = 0 and gap_minutes > 0
            then 'no tokens in the covered time of this hour'
        when timed_tokens = 0 then 'no tokens in this hour'
    end
{%- endmacro %}

{% macro no_generated_tokens_reason() -%}
    case
        when is_generation_untimed then {{ untimed_reason() }}
        when timed_generation_tokens = 0 and gap_minutes > 0
            then 'no generated tokens in the covered time of this hour'
        when timed_generation_tokens = 0 then 'no generated tokens in this hour'
    end
{%- endmacro %}
