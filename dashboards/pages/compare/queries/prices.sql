-- One row per day of the period and chosen family: its list price, three parts prompt to one part
-- completion, of its cheapest listing that is not free.
select
    prices.date, models.model_family as member,
    min((3 * prices.prompt_usd_per_mtok::double + prices.completion_usd_per_mtok::double) / 4) as usd_per_mtok
from model_prices_daily as prices
inner join (select distinct model_id, model_family from models) as models using (model_id)
where
    prices.kind = 'list' and not prices.is_free and prices.prompt_usd_per_mtok is not null and prices.completion_usd_per_mtok is not null
    and list_contains($models, models.model_family) and prices.date between $first and $last
group by all
order by member, date
