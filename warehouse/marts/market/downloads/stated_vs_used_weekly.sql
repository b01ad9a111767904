-- One row per week, level and member with open weights: downloads and likes beside tokens, rank by rank.
--
-- A download is not a served token: builds and mirrors download, and people who rent a model do not.
-- Of an author downloads are those of the models that it released, with all copies of them; of a
-- model's family those of the repositories that the catalogue names. Ranks are among the members
-- that have both, so that they compare like with like.
with families as (
    select distinct
        lower(hugging_face_id) as model_id,
        model_family
    from {{ ref('models') }}
    where hugging_face_id is not null
    qualify count(distinct model_family) over (partition by lower(hugging_face_id)) = 1
),

hub as (
    select
        models.hub_id,
        models.releasing_author_slug as author,
        families.model_family as family,
        case when lower(models.model_id) = lower(coalesce(models.original_id, models.model_id)) then models.likes end
            as likes
    from {{ ref('hub_models') }} as models
    left join families
        on lower(coalesce(models.original_id, models.model_id)) = families.model_id
    where models.out_of_scope is null
),

weeks as (
    select
        date_trunc('week', daily.date)::date as week_start,
        daily.hub_id,
        sum(daily.downloads)::bigint as downloads,
        count(distinct daily.date)::integer as days
    from {{ ref('model_downloads_daily') }} as daily
    inner join {{ ref('download_days') }} as days
        on
            daily.date = days.date
            and days.is_counted
    group by date_trunc('week', daily.date)::date, daily.hub_id
),

downloaded as (
    select
        weeks.week_start,
        levels.level,
        case levels.level when 'author' then hub.author else hub.family end as member,
        sum(weeks.downloads)::bigint as downloads,
        sum(hub.likes)::bigint as likes,
        max(weeks.days) as download_days
    from weeks
    inner join hub using (hub_id)
    cross join (values ('author'), ('model_family')) as levels (level)
    group by weeks.week_start, levels.level, case levels.level when 'author' then hub.author else hub.family end
    having case levels.level when 'author' then hub.author else hub.family end is not null
),

served as (
    select
        date_trunc('week', daily.date)::date as week_start,
        levels.level,
        case levels.level when 'author' then daily.author_slug else daily.model_family end as member,
        sum(daily.total_tokens)::bigint as tokens,
        count(distinct daily.date)::integer as token_days,
        max(daily.origin) as origin
    from {{ ref('market_tokens_daily') }} as daily
    cross join (values ('author'), ('model_family')) as levels (level)
    where
        not daily.is_other
        and daily.weights = 'open'
        and daily.is_text_model
    group by
        date_trunc('week', daily.date)::date,
        levels.level,
        case levels.level when 'author' then daily.author_slug else daily.model_family end
),

joined as (
    select
        week_start,
        level,
        member,
        downloaded.downloads,
        served.tokens,
        downloaded.likes,
        coalesce(downloaded.download_days, 0) as download_days,
        coalesce(served.token_days, 0) as token_days,
        downloaded.downloads is not null and served.tokens is not null as has_both
    from downloaded
    full outer join served using (week_start, level, member)
    where week_start in (select weeks.week_start from weeks)
)

select
    week_start,
    level,
    member,
    downloads,
    tokens,
    likes,
    download_days,
    token_days,
    case when has_both then rank() over (by_both order by downloads desc) end::integer as download_rank,
    case when has_both then rank() over (by_both order by tokens desc) end::integer as token_rank,
    case when has_both then rank() over (by_both order by likes desc nulls last) end::integer as like_rank,
    case
        when has_both
            then (rank() over (by_both order by downloads desc) - rank() over (by_both order by tokens desc))::integer
    end as rank_difference,
    case
        when downloads is null then 'no repository of it in the list of the Hub'
        when tokens is null then 'not among the ranked models of the week'
    end as reason,
    (select max(days.origin) from {{ ref('download_days') }} as days) as origin
from joined
window by_both as (partition by week_start, level, has_both)
order by week_start, level, downloads desc nulls last, member
