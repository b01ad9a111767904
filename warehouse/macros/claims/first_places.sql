{#- Verdict on a claim that all of the first places were Chinese. The country of a cloaked model is
    not known, so its place neither supports the claim nor contradicts it. -#}
{% macro top_places_verdict(tally, places) -%}
    case
        when missing.missing_days is not null then 'unverifiable'
        when {{ tally }}.chinese = {{ places }} then 'supported'
        when {{ tally }}.chinese + {{ tally }}.unknown >= {{ places }} then 'unverifiable'
        else 'contradicted'
    end
{%- endmacro %}

{#- Reason of that verdict. -#}
{% macro top_places_reason(tally, places) -%}
    case
        when missing.missing_days is not null then missing.missing_reason
        else
            format('{} of the first {{ places }} places were Chinese.', {{ tally }}.chinese)
            || case
                when {{ tally }}.unknown > 0
                    then
                        format(
                            ' Whose {} of them are is not known: '
                            || 'a cloaked model, or a lab without a known country.',
                            {{ tally }}.unknown
                        )
                else ''
            end
    end
{%- endmacro %}
