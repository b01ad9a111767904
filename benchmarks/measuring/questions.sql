-- Usual questions of the published file, in SQL that DuckDB and ClickHouse both read. A name in braces is
-- the place at which a contender has that table.

-- labs by week
select week_start, member, share, share_low, share_high from {market_share_weekly}
where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'author' and rank <= 10
order by week_start, member;

-- platform by month
select cast(date_trunc('month', date) as date) as month, sum(platform_tokens) as tokens
from {market_days}
where not is_missing group by month order by month;

-- models of 90 days
select model_permaslug, sum(total_tokens) as tokens from {market_tokens_daily}
where not is_other and date >= (select max(date) from {market_days}) - 90
group by model_permaslug order by tokens desc, model_permaslug limit 20;

-- one model's days
select date, total_tokens, share_of_platform from {market_tokens_daily}
where model_permaslug = (select max(model_permaslug) from {served_models}) order by date;

-- cheapest now
select model_id, cast(prompt_usd_per_mtok as double) as usd from {model_prices_daily}
where kind = 'list' and date = (select max(date) from {model_prices_daily}) order by model_id;

-- hosts' speed of 30 days
select model_permaslug, provider_name, avg(throughput_tps_p50) as tps, count(*) as samples
from {endpoint_speed}
where captured_at >= (select max(captured_at) from {endpoint_speed}) - interval 30 day
group by model_permaslug, provider_name order by model_permaslug, provider_name;

-- tokens by target and day
select cast(hour_at as date) as day, target, sum(prompt_tokens) as prompt, sum(generation_tokens) as generation
from {served_tokens_hourly} group by day, target order by day, target;

-- a target's last day by minute
select extract(hour from minute_at) as hour, extract(minute from minute_at) as minute, prompt_tokens, generation_tokens
from {served_tokens_minutely}
where target = 'tier-00' and minute_at >= (select max(hour_at)
from {served_tokens_hourly}) - interval 1 day
order by minute_at;

-- every minute, summed
select target, sum(generation_tokens) as tokens, sum(case when is_gap then 1 else 0 end) as gaps
from {served_tokens_minutely}
group by target order by target;

-- latency by model and day
select cast(hour_at as date) as day, model_name, max(p99_seconds) as p99
from {served_latency_hourly}
where metric = 'ttft' and method = 'histogram' group by day, model_name order by day, model_name;

-- cost and energy by model
select model_name, avg(cast(usd_per_mtok as double)) as usd, avg(joules_per_token) as joules, avg(mfu) as mfu
from {local_efficiency_hourly} group by model_name order by model_name;

-- energy by target
select target, sum(joules) / 3600000 as kwh, avg(utilisation) as utilisation
from {device_energy_hourly}
group by target order by target;

-- ours beside the market's
select hours.day as day, hours.model_permaslug as model, hours.tokens as ours, market.total_tokens as theirs
from (
    select cast(hour_at as date) as day, model_permaslug, sum(prompt_tokens) + sum(generation_tokens) as tokens
    from {served_tokens_hourly} where model_permaslug is not null group by day, model_permaslug
) as hours
inner join {market_tokens_daily} as market on hours.day = market.date and hours.model_permaslug = market.model_permaslug
order by day, model;

-- our share by day
select date, model_family, target, local_tokens, market_tokens, local_to_market
from {local_vs_market_daily}
order by date desc, model_family, target limit 500;

-- make or buy now
select target, model_family, kind, cast(local_usd_per_mtok as double) as ours, cast(market_usd_per_mtok as double) as theirs,
    break_even_load from {make_or_buy_daily}
where date = (select max(date) from {make_or_buy_daily}) order by target, model_family, kind;

-- dearest what-if
select target, model_family, max(cast(local_usd_per_mtok as double)) as most, min(cast(local_usd_per_mtok as double)) as least
from {make_or_buy_sensitivity}
where kind = 'list'
group by target, model_family
order by target, model_family;

-- our place among hosts
select target, metric, avg(percentile_among_hosts) as place, avg(coverage) as coverage, count(*) as days
from {speed_parity_daily} where hosts > 0 group by target, metric order by target, metric;

-- hosts beside us
select provider_name, quantization, avg(times_as_fast) as times, sum(windows) as windows
from {speed_parity_hosts_daily}
where metric = 'throughput' and is_compared
group by provider_name, quantization
order by provider_name, quantization;

-- runs of the lead
select basis, dimension, member, started_week, weeks from {market_streaks}
order by weeks desc, basis, attribution, dimension, member, started_week limit 50;

-- spend of the newest week
select dimension, member, share, spend_share_low, spend_share_high from {market_spend_weekly}
where week_start = (select max(week_start)
from {market_spend_weekly}) and attribution = 'releasing_lab'
order by dimension, member;

-- how fast families fade
select model_family, half_life_weeks
from {launch_half_lives}
order by half_life_weeks nulls last, model_family;

-- what prices did
select date, model_id, change_ratio, elasticity from {price_events}
where kind = 'list' order by date, model_id limit 500;

-- verdicts
select verdict, count(*) as rows from {claims} group by verdict order by verdict;
