-- One row per service and model family that we served and the market knows, those served most first; then
-- the targets of services that have several.
with served as (
    select service, target, model_family, sum(local_tokens) as tokens
    from local_vs_market_daily
    group by all
),

several as (
    select service
    from served
    group by service
    having count(distinct target) > 1
)

select service as who, model_family, service as label, sum(tokens) as tokens, true as is_service
from served
group by all
union all
select target, model_family, service || ': ' || target, tokens, false
from served
where service in (from several) and target not in (select service from served)
order by is_service desc, tokens desc nulls last, who, model_family
