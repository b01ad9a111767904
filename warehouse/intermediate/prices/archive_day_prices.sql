-- One row per UTC day and model id of archives: the price that they saw on that day.
--
-- Where archives differ by more than rounding both ends are kept, and the price is that of the first
-- archive by price_sources.
with compared as (
    select
        archived.*,
        min(archived.prompt_usd_per_mtok) over same_price as prompt_low,
        max(archived.prompt_usd_per_mtok) over same_price as prompt_high,
        min(archived.completion_usd_per_mtok) over same_price as completion_low,
        max(archived.completion_usd_per_mtok) over same_price as completion_high
    from {{ ref('archived_prices_daily') }} as archived
    inner join {{ ref('price_sources') }} as sources
        using (source)
    window same_price as (partition by archived.date, archived.model_id)
    qualify
        row_number() over (
            partition by archived.date, archived.model_id order by sources.priority
        ) = 1
),

judged as (
    select
        *,
        {{ is_rounding('prompt_low', 'prompt_high') }}
        and {{ is_rounding('completion_low', 'completion_high') }} as is_agreed
    from compared
)

select
    date,
    'archive' as price_basis,
    model_id,
    source,
    case when is_agreed then 'archive' else 'range' end as confidence,
    prompt_usd_per_mtok,
    completion_usd_per_mtok,
    cached_usd_per_mtok,
    cache_write_usd_per_mtok,
    tiers as overrides,
    case when is_agreed then prompt_usd_per_mtok else prompt_low end as prompt_usd_per_mtok_low,
    case when is_agreed then prompt_usd_per_mtok else prompt_high end as prompt_usd_per_mtok_high,
    case when is_agreed then completion_usd_per_mtok else completion_low end
        as completion_usd_per_mtok_low,
    case when is_agreed then completion_usd_per_mtok else completion_high end
        as completion_usd_per_mtok_high,
    fetched_at as captured_at,
    origin,
    answer_sha256
from judged
