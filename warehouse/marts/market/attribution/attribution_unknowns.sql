-- One row per author or model and field that is not known, with its tokens of the last four weeks.
with newest as (
    select max(date) as last_date
    from {{ ref('market_days') }}
    where not is_missing
),

recent as (
    select
        daily.*,
        sum(daily.total_tokens) over () as named_tokens
    from {{ ref('market_tokens_daily') }} as daily
    cross join newest
    where
        not daily.is_other
        and daily.date > newest.last_date - 28
),

listed as (
    select
        'author' as subject_kind,
        author_slug as subject,
        author_slug,
        'country' as field,
        total_tokens,
        named_tokens,
        date
    from recent
    where releasing_country = 'unknown'
    union all by name
    select
        'author' as subject_kind,
        author_slug as subject,
        author_slug,
        'lab' as field,
        total_tokens,
        named_tokens,
        date
    from recent
    where releasing_lab = 'unknown'
    union all by name
    select
        'model' as subject_kind,
        model_base as subject,
        author_slug,
        'weights' as field,
        total_tokens,
        named_tokens,
        date
    from recent
    where weights = 'unknown'
),

counted as (
    select
        subject_kind,
        subject,
        field,
        any_value(author_slug) as author_slug,
        sum(total_tokens)::bigint as tokens,
        sum(total_tokens) / any_value(named_tokens) as share_of_named,
        min(date) as first_date,
        max(date) as last_date
    from listed
    group by subject_kind, subject, field
),

known_labs as (
    select
        author_slug,
        arg_max(lab, valid_from) as lab,
        arg_max(weights_policy, valid_from) as weights_policy
    from {{ ref('labs') }}
    group by author_slug
),

statements as (
    select
        subject_kind,
        subject,
        field,
        count(*) as statements,
        case when count(distinct value) = 1 then any_value(value) end as proposed_value
    from {{ ref('attribution_statements') }}
    group by all
)

select
    counted.subject_kind,
    counted.subject,
    counted.field,
    counted.tokens,
    counted.share_of_named,
    counted.first_date,
    counted.last_date,
    case
        when cloaked.author_slug is not null
            then 'cloaked; claimed later by ' || cloaked.author_slug
        when known_labs.author_slug is null then 'labs.csv has no row of the author'
        when known_labs.lab = 'unknown' then 'the organisation is not established, or the model is cloaked'
        when counted.field = 'country' then 'the seat of the lab is not established'
        when known_labs.weights_policy = 'mixed'
            then 'the lab publishes some weights, and no repository of this model is known'
        else 'the weights of this model are not established'
    end as reason,
    coalesce(statements.statements, 0) as statements,
    statements.proposed_value
from counted
left join known_labs
    using (author_slug)
left join {{ ref('cloaked_models') }} as cloaked
    on starts_with(counted.subject, cloaked.model_prefix)
left join statements
    using (subject_kind, subject, field)
order by counted.tokens desc, counted.field, counted.subject
