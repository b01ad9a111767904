-- One row per model that leads the newest complete rankings, with the id that the newest catalogue has for its name and variant.
with newest as (
    select content_hash
    from raw.ranking_days
    where
        slice = 'all'
        and grain = 'day'
        and content_hash is not null
    order by date desc, as_of desc
    limit 1
),

ranked as (
    select
        ranking.model_permaslug,
        ranking.total_tokens
    from raw.ranking_rows as ranking
    inner join newest using (content_hash)
    where ranking.model_permaslug <> 'other'
),

newest_catalogue as (
    select sha256
    from raw.answers
    where
        source = 'models'
        and outcome in ('loaded', 'partial', 'unchanged')
    order by fetched_at desc
    limit 1
),

catalogue as (
    select
        models.canonical_slug,
        models.model_id,
        case
            when contains(models.model_id, ':') then split_part(models.model_id, ':', 2)
            else ''
        end as variant
    from raw.models as models
    inner join newest_catalogue using (sha256)
    where not starts_with(models.model_id, '~')
)

select
    ranked.model_permaslug,
    coalesce(min(catalogue.model_id), ranked.model_permaslug) as model_id
from ranked
left join catalogue
    on
        split_part(ranked.model_permaslug, ':', 1) = catalogue.canonical_slug
        and catalogue.variant = split_part(ranked.model_permaslug, ':', 2)
group by ranked.model_permaslug, ranked.total_tokens
order by ranked.total_tokens desc
limit $top
