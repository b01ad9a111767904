{#- A name as measures of quality write it, as the slug of an id: lower case, one dash for all that
    is neither letter, digit nor dot. -#}
{% macro slug_of_name(name) -%}
    trim(regexp_replace(lower({{ name }}), '[^a-z0-9.]+', '-', 'g'), '-')
{%- endmacro %}

{#- How hard a model was let think, at the end of a slug: `-high`, `-thinking-32k`, `-32k-thinking`.
    `-max` is in the list although it is a part of some names; so a name is looked up whole before
    anything is cut off. -#}
{% macro effort_ending() -%}
    '((-(non|no))?-(thinking|nothinking|reasoning|minimal|low|medium|high|xhigh|max|[0-9]+k))+$'
{%- endmacro %}

{% macro slug_without_effort(slug) -%}
    regexp_replace({{ slug }}, {{ effort_ending() }}, '')
{%- endmacro %}

{#- Slug without the date at its end: 20250929, 2025-09-29, 0613, 2507, jan-2025; `-latest` too. -#}
{% macro slug_without_date(slug) -%}
    regexp_replace(
        {{ slug }},
        '(-(\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{4}'
        || '|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-\d{4}|latest))+$',
        ''
    )
{%- endmacro %}

{#- Words of a slug in alphabetical order, since sources write them in another one. -#}
{% macro words_of_slug(slug) -%}
    list_aggregate(
        list_sort(
            list_filter(
                regexp_split_to_array({{ slug }}, '[-.]'), lambda word : word <> ''
            )
        ),
        'string_agg',
        '-'
    )
{%- endmacro %}

{#- Month of the date at the end of a slug, as two digits; null where it has none. -#}
{% macro month_of_slug(slug) -%}
    coalesce(
        nullif(regexp_extract({{ slug }}, '-20\d{2}-?(\d{2})-?\d{2}$', 1), ''),
        nullif(regexp_extract({{ slug }}, '-(0[1-9]|1[0-2])-?([0-2]\d|3[01])$', 1), ''),
        lpad(
            nullif(
                list_position(
                    [
                        'jan', 'feb', 'mar', 'apr', 'may', 'jun',
                        'jul', 'aug', 'sep', 'oct', 'nov', 'dec'
                    ],
                    regexp_extract({{ slug }}, '-([a-z]{3})[a-z]*-20\d{2}$', 1)
                ),
                0
            )::varchar,
            2,
            '0'
        )
    )
{%- endmacro %}

{#- Slug without `-preview`, `-exp` or `-beta`: probably, not certainly, the same model. -#}
{% macro slug_without_preview(slug) -%}
    regexp_replace({{ slug }}, '-(preview|exp|experimental|beta)(-|$)', '\2')
{%- endmacro %}

{#- Weights by the words of a licence: closed where there is none to have, null where it is not known. -#}
{% macro weights_of_licence(licence) -%}
    case
        when lower({{ licence }}) in ('proprietary', 'closed') then 'closed'
        when lower({{ licence }}) in ('unknown', 'other', '-', 'n/a') then null
        when {{ licence }} is not null then 'open'
    end
{%- endmacro %}
