-- One row per model that leads the newest complete rankings, with the id that the newest catalogue has for its name and variant.
with newest as (
    select content_hash from raw.ranking_days
    where slice = 'all' and grain = 'day' and content_hash is not null
    order by date desc, as_of desc limit 1
),
ranked as (
    select model_permaslug, total_tokens from raw.ranking_rows inner join newest using (content_hash)
    where model_permaslug <> 'other'
),
catalogue as (
    select canonical_slug, model_id,
        case when contains(model_id, ':') then split_part(model_id, ':', 2) else '' end as variant
    from raw.models
    where sha256 = (select sha256 from raw.answers where source = 'models' and status in (200, 304) order by fetched_at desc limit 1)
        and not starts_with(model_id, '~')
)
select ranked.model_permaslug, coalesce(min(catalogue.model_id), ranked.model_permaslug)
from ranked left join catalogue
    on split_part(ranked.model_permaslug, ':', 1) = catalogue.canonical_slug
    and catalogue.variant = split_part(ranked.model_permaslug, ':', 2)
group by ranked.model_permaslug, ranked.total_tokens
order by ranked.total_tokens desc
limit $top
