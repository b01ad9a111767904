-- One row per UTC day, model id and pair of sources whose list prices differ by more than rounding.
--
-- The first of the two is the one that gives the day's price. Our own observation is that of one hour,
-- an archive's the last of its day, so a price that changed within the day is a row too.
with stated as (
    select
        archived.date,
        archived.model_id,
        archived.source,
        archived.prompt_usd_per_mtok,
        archived.completion_usd_per_mtok,
        archived.origin,
        archived.answer_sha256
    from {{ ref('archived_prices_daily') }} as archived
    union all by name
    select
        date,
        model_id,
        'openrouter' as source,
        prompt_usd_per_mtok,
        completion_usd_per_mtok,
        case when is_simulated then 'simulated' else 'data_api' end as origin,
        answer_sha256
    from {{ ref('catalogue_daily') }}
    where
        prompt_usd_per_mtok is not null
        and completion_usd_per_mtok is not null
),

ranked as (
    select
        stated.*,
        sources.priority,
        sources.licence,
        sources.citation
    from stated
    inner join {{ ref('price_sources') }} as sources
        using (source)
)

select
    used.date,
    used.model_id,
    used.source,
    other.source as other_source,
    used.prompt_usd_per_mtok,
    used.completion_usd_per_mtok,
    other.prompt_usd_per_mtok as other_prompt_usd_per_mtok,
    other.completion_usd_per_mtok as other_completion_usd_per_mtok,
    other.licence,
    other.citation,
    other.origin,
    other.answer_sha256
from ranked as used
inner join ranked as other
    on
        used.date = other.date
        and used.model_id = other.model_id
        and used.priority < other.priority
where
    not (
        {{ is_rounding(
            'least(used.prompt_usd_per_mtok, other.prompt_usd_per_mtok)',
            'greatest(used.prompt_usd_per_mtok, other.prompt_usd_per_mtok)'
        ) }}
        and {{ is_rounding(
            'least(used.completion_usd_per_mtok, other.completion_usd_per_mtok)',
            'greatest(used.completion_usd_per_mtok, other.completion_usd_per_mtok)'
        ) }}
    )
order by used.date, used.model_id, used.source, other_source
