-- One row per seeded model: whether its root, or the reason why there is none, and the sum of its
-- downloads are the planted ones.
with truths as (
    select
        planted.hub_id,
        planted.kind,
        case planted.kind
            when 'merge' then 'merge of several'
            when 'circle' then 'bases in a circle'
            when 'missing'
                then if(planted.market % 2 = 0, 'base not on the Hub, or private', 'base not in the list')
        end as reason,
        case planted.kind
            when 'first root' then ['lab-' || market || '/model-0']
            when 'second root' then ['lab-' || market || '/model-1']
            when 'merge' then ['lab-' || market || '/model-0', 'lab-' || market || '/model-1']
            when 'missing' then ['gone-' || market || '/base']
        end as ends,
        (select sum(growth.downloads) from growth where growth.hub_id = planted.hub_id) as downloads
    from planted
),

counted as (
    select
        hub_id,
        sum(downloads) as downloads
    from marts.model_downloads_daily
    group by hub_id
)

select
    if(truths.kind like '%root', 'root', truths.kind) as how,
    roots.hub_id is not null as is_stated,
    roots.reason is not distinct from truths.reason
    -- The names in a circle are no ends.
    and (truths.kind = 'circle' or roots.end_names = truths.ends)
    and counted.downloads = truths.downloads as is_held
from truths
left join intermediate.hub_roots as roots
    on truths.hub_id = roots.hub_id and roots.walk = 'base'
left join counted
    on truths.hub_id = counted.hub_id
