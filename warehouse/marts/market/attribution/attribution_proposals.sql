-- One row per statement of a source that our tables lack or contradict: a row to add, or to check.
with last_attribution as (
    select
        split_part(model_permaslug, ':', 1) as model_base,
        arg_max(weights, date) as weights
    from {{ ref('model_attribution_daily') }}
    group by all
),

last_labs as (
    select
        author_slug,
        arg_max(country, valid_from) as country,
        arg_max(evidence, valid_from) as evidence
    from {{ ref('labs') }}
    group by author_slug
),

current_values as (
    select
        'author' as subject_kind,
        names.author_slug as subject,
        'country' as field,
        coalesce(last_labs.country, 'unknown') as current_value,
        last_labs.evidence as current_evidence
    from {{ ref('lab_names') }} as names
    left join last_labs
        using (author_slug)
    union all by name
    select
        'model' as subject_kind,
        model_base as subject,
        'weights' as field,
        weights as current_value
    from last_attribution
),

newest as (
    select max(date) as last_date
    from {{ ref('market_days') }}
    where not is_missing
),

recent as (
    select
        daily.author_slug,
        daily.model_base,
        sum(daily.total_tokens) as tokens
    from {{ ref('market_tokens_daily') }} as daily
    cross join newest
    where
        not daily.is_other
        and daily.date > newest.last_date - 28
    group by all
),

served as (
    select
        'author' as subject_kind,
        author_slug as subject,
        sum(tokens)::bigint as tokens
    from recent
    group by author_slug
    union all by name
    select
        'model' as subject_kind,
        model_base as subject,
        sum(tokens)::bigint as tokens
    from recent
    group by model_base
)

select
    case when known.current_value = 'unknown' then 'missing' else 'disagreement' end as kind,
    case statements.subject_kind when 'author' then 'labs' else 'model_attribution' end as seed,
    statements.subject,
    statements.field,
    known.current_value,
    known.current_evidence,
    statements.value as proposed_value,
    statements.source,
    statements.evidence,
    count(*) over agreeing as sources_agreeing,
    count(*) over asked as sources_asked,
    coalesce(served.tokens, 0) as tokens,
    statements.licence,
    statements.citation,
    statements.as_of
from {{ ref('attribution_statements') }} as statements
inner join current_values as known
    using (subject_kind, subject, field)
left join served
    using (subject_kind, subject)
left join {{ ref('reference_countries') }} as countries
    on known.current_value = countries.country
where
    known.current_value <> statements.value
    -- A region that holds the country is no disagreement.
    and not (statements.value = 'Europe' and coalesce(countries.is_in_europe, false))
window
    agreeing as (
        partition by statements.subject_kind, statements.subject, statements.field, statements.value
    ),
    asked as (partition by statements.subject_kind, statements.subject, statements.field)
order by kind desc, tokens desc, statements.subject, statements.field, statements.source
