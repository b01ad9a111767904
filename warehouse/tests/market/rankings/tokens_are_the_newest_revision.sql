-- The published figure of a day is the last value that the source gave for it. A model that only
-- the newest ranking lacks is not published; a whole day that went away is, as market_days shows.
with newest as (
    select
        date,
        model_permaslug,
        total_tokens,
        as_of
    from {{ ref('market_tokens_revisions') }}
    where not is_withdrawn
    qualify row_number() over (partition by date, model_permaslug order by revision desc) = 1
),

withdrawn as (
    select
        date,
        model_permaslug
    from {{ ref('market_tokens_revisions') }}
    qualify
        is_withdrawn
        and row_number() over (partition by date, model_permaslug order by revision desc) = 1
)

select
    newest.*,
    daily.total_tokens as published_tokens,
    daily.as_of as published_as_of
from newest
full outer join {{ ref('market_tokens_daily') }} as daily
    using (date, model_permaslug)
left join withdrawn
    on
        newest.date = withdrawn.date
        and newest.model_permaslug = withdrawn.model_permaslug
where
    newest.date is null
    or newest.total_tokens <> daily.total_tokens
    or newest.as_of <> daily.as_of
    or daily.date is null and withdrawn.date is null
