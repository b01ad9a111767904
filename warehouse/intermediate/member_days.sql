-- One row per UTC day, named model, attribution and dimension: the member its tokens count for.
--
-- Tokens stand as known now and as first published. A model that is in only one of the two rankings
-- of a day has 0 tokens in the other. Cloaked models, and authors whose lab, country or weights are
-- not known, count for the member `unknown`; by size so do models of unknown size.
with first_rankings as (
    -- A day may have been missing at first; its first ranking is the one that counts.
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
        rankings.date,
        ranking_rows.model_permaslug,
        ranking_rows.total_tokens as first_tokens
    from first_rankings as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where not ranking_rows.is_other
),

current_figures as (
    select
        date,
        model_permaslug,
        total_tokens as tokens
    from {{ ref('market_tokens_daily') }}
    where not is_other
),

named as (
    select
        coalesce(current_figures.date, first_published.date) as date,
        coalesce(current_figures.model_permaslug, first_published.model_permaslug)
            as model_permaslug,
        coalesce(current_figures.tokens, 0) as tokens,
        coalesce(first_published.first_tokens, 0) as first_tokens
    from current_figures
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
    coalesce(prices.is_free, false) as is_free,
    models.model_id
from named
inner join {{ ref('model_attribution_daily') }} as attribution
    using (date, model_permaslug)
left join {{ ref('models') }} as models
    using (model_permaslug)
left join {{ ref('model_sizes') }} as sizes
    using (model_permaslug)
left join {{ ref('ranked_prices_daily') }} as prices
    using (date, model_permaslug),
    lateral (
        values
        (
            'releasing_lab',
            'author',
            case when attribution.releasing_lab <> 'unknown' then attribution.author_slug end
        ),
        (
            'base_lab',
            'author',
            case when attribution.base_lab <> 'unknown' then attribution.base_author_slug end
        ),
        ('releasing_lab', 'country', attribution.releasing_country),
        ('base_lab', 'country', attribution.base_country),
        ('releasing_lab', 'weights', attribution.weights),
        ('base_lab', 'weights', attribution.weights),
        ('releasing_lab', 'family', models.model_family),
        ('base_lab', 'family', models.model_family),
        ('releasing_lab', 'size', sizes.size_band),
        ('base_lab', 'size', sizes.size_band)
    ) as member (attribution, dimension, member)
