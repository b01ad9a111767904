-- The cheapest and the modal price are of the same hosts at the same moment, so either both exist
-- or none, and the cheapest cannot be higher.
with hosted as (
    select
        date,
        model_id,
        count(*) as kinds,
        count(distinct captured_at) as instants,
        min(prompt_usd_per_mtok + completion_usd_per_mtok) filter (where kind = 'cheapest')
            as cheapest_usd,
        min(prompt_usd_per_mtok + completion_usd_per_mtok) filter (where kind = 'modal')
            as modal_usd
    from {{ ref('model_prices_daily') }}
    where kind in ('cheapest', 'modal')
    group by date, model_id
)

select *
from hosted
where
    kinds <> 2
    or instants <> 1
    or cheapest_usd > modal_usd
