-- One row per UTC day, named model, attribution and dimension: the member that its tokens count for, as known now and as first published.
--
-- A model that is in the first board of a day but not in the present one has no tokens now, and the other way round. Cloaked models and
-- authors whose lab, country or weights are not known count for the member `unknown`.
with first_boards as (
    -- A day may first have been seen as missing; what counts is its first board.
    select
        date,
        content_hash
    from {{ ref('ranking_day_versions') }}
    where
        slice = 'all'
        and grain = 'day'
        and content_hash is not null
    qualify row_number() over (partition by date order by version) = 1
),

first_published as (
    select
        boards.date,
        cells.model_permaslug,
        cells.total_tokens as first_tokens
    from first_boards as boards
    inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
        using (content_hash)
    where not cells.is_other
),

present as (
    select
        date,
        model_permaslug,
        total_tokens as tokens
    from {{ ref('market_tokens_daily') }}
    where not is_other
),

named as (
    select
        coalesce(present.date, first_published.date) as date,
        coalesce(present.model_permaslug, first_published.model_permaslug) as model_permaslug,
        coalesce(present.tokens, 0) as tokens,
        coalesce(first_published.first_tokens, 0) as first_tokens
    from present
    full outer join first_published
        using (date, model_permaslug)
)

select
    named.date,
    date_trunc('week', named.date)::date as week_start,
    named.model_permaslug,
    member.attribution,
    member.dimension,
    coalesce(member.member, 'unknown') as member,
    named.tokens,
    named.first_tokens,
    coalesce(models.is_free, false) as is_free,
    models.model_id
from named
inner join {{ ref('model_attribution_daily') }} as attribution
    using (date, model_permaslug)
left join {{ ref('models') }} as models
    using (model_permaslug),
    lateral (
        values
        ('releasing_lab', 'author', case when attribution.releasing_lab <> 'unknown' then attribution.author_slug end),
        ('base_lab', 'author', case when attribution.base_lab <> 'unknown' then attribution.base_author_slug end),
        ('releasing_lab', 'country', attribution.releasing_country),
        ('base_lab', 'country', attribution.base_country),
        ('releasing_lab', 'weights', attribution.weights),
        ('base_lab', 'weights', attribution.weights),
        ('releasing_lab', 'family', models.model_family),
        ('base_lab', 'family', models.model_family)
    ) as member (attribution, dimension, member)
