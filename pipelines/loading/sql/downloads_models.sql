-- Models of pages of which one says something else than what was last known of them, by an earlier page of these too.
-- With $keeps_all, those as well that say what was known.
insert into raw.hub_models by name
with hashed as (
    select
        incoming.*,
        md5_number(
            concat_ws(
                '|',
                incoming.model_id,
                incoming.pipeline_tag,
                incoming.created_at::varchar,
                coalesce(incoming.relation, '-'),
                coalesce(incoming.base_evidence, '-'),
                incoming.base_ids,
                incoming.format,
                coalesce(incoming.parameters::varchar, '-'),
                -- Null adds nothing, so what was known before licences were read is still the same.
                incoming.licence
            )
        ) as content_hash
    from incoming
),

known as (
    select
        hub_id,
        arg_max(content_hash, fetched_at) as content_hash,
        max(fetched_at) as fetched_at
    from raw.hub_models
    where hub_id in (select hashed.hub_id from hashed)
    group by hub_id
),

-- Most models are what they were, and need not be put in order.
different as (
    select hub_id
    from hashed
    where $keeps_all
    union
    select hashed.hub_id
    from hashed
    left join known
        on hashed.hub_id = known.hub_id
    where hashed.content_hash is distinct from known.content_hash
),

compared as (
    select
        hashed.*,
        case
            when known.fetched_at is null or hashed.fetched_at > known.fetched_at
                then lag(hashed.content_hash, 1, known.content_hash) over (
                    partition by hashed.hub_id, hashed.fetched_at > coalesce(known.fetched_at, '-infinity')
                    order by hashed.fetched_at, hashed.sha256
                )
            -- A page that is older than what is known changes nothing of that.
            else known.content_hash
        end as known_hash
    from hashed
    inner join different
        on hashed.hub_id = different.hub_id
    left join known
        on hashed.hub_id = known.hub_id
)

select
    compared.* exclude (base_ids, known_hash),
    -- One name a line; no name holds a space of any kind.
    list_filter(string_split(compared.base_ids, chr(10)), lambda name: name <> '') as base_ids
from compared
where $keeps_all or compared.content_hash is distinct from compared.known_hash
