-- One row per author whose country or lab is not known: what else is known of it.
select
    unknown.subject as author_slug,
    any_value(unknown.reason) as reason,
    max(unknown.tokens) as tokens,
    max(unknown.share_of_named) as share_of_named,
    any_value(nullif(daily.releasing_lab, 'unknown')) as lab,
    mode(split_part(models.model_name, ': ', 1)) filter (
        where contains(models.model_name, ': ')
    ) as display_name,
    count(distinct models.model_base) as models,
    count(distinct models.model_base) filter (
        where models.hugging_face_id is not null
    ) as models_with_repository
from attribution_unknowns as unknown
left join models
    on unknown.subject = models.author_slug
left join market_tokens_daily as daily
    on models.model_permaslug = daily.model_permaslug
where unknown.subject_kind = 'author'
group by unknown.subject
order by tokens desc, author_slug
