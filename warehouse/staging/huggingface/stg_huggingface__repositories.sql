-- One row per name, in lower case, that the Hub was asked for: the model that has it, or why there is none.
--
-- The Hub does not say whether a repository is private or was never there. A request that failed says
-- nothing, so an earlier answer counts before it.
with asked as (
    select
        lower(context ->> 'model') as name,
        sha256,
        fetched_at,
        case
            when outcome in ('loaded', 'unchanged') then 'found'
            when status in (401, 404, 410, 451) then 'unknown'
            else 'failed'
        end as result
    from {{ ref('stg_openrouter__known_answers') }}
    where source = 'hub_repositories'
)

select
    asked.name,
    models.hub_id,
    asked.fetched_at,
    case asked.result
        when 'unknown' then 'base not on the Hub, or private'
        when 'failed' then 'base asked for, no answer'
    end as reason
from asked
left join {{ source('raw', 'hub_models') }} as models
    on
        asked.sha256 = models.sha256
        and asked.result = 'found'
qualify
    row_number() over (
        partition by asked.name
        order by asked.result = 'failed', asked.fetched_at desc
    ) = 1
