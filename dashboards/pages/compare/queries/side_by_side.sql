-- One row per chosen family, in the chosen order: its newest whole week of the period, its newest list
-- price and samples of hosts then, and its half-life. A figure that is not known is null.
with chosen as (
    select unnest($models) as member, generate_subscripts($models, 1) as place
),

weekly as (
    select week_start, member, tokens, share, share_low, share_high, rank
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'family' and is_whole_week and week_start + 6 <= $last
),

newest as (
    select max(week_start) as week_start from weekly
),

ever as (
    select
        model_family as member, min(date) as first_ranked, string_agg(distinct weights, ', ' order by weights) as weights,
        arg_max(releasing_lab, date) as lab
    from market_tokens_daily
    where date <= $last
    group by model_family
),

listings as (
    select distinct model_id, model_family from models
),

prices as (
    select
        listings.model_family as member, prices.date as price_date, prices.prompt_usd_per_mtok::double as prompt,
        prices.completion_usd_per_mtok::double as completion
    from model_prices_daily as prices
    inner join listings using (model_id)
    where prices.kind = 'list' and not prices.is_free and prices.date <= $last and prices.prompt_usd_per_mtok is not null
    qualify row_number() over (partition by listings.model_family order by prices.date desc, 3 * prompt + completion) = 1
),

samples as (
    select models.model_family as member, speed.provider_name, speed.throughput_tps_p50, speed.ttft_ms_p50
    from endpoint_speed as speed
    inner join models using (model_permaslug)
    where not models.is_free and speed.captured_at < $last + 1
    qualify row_number() over (partition by speed.model_permaslug, speed.provider_name, speed.tag order by speed.captured_at desc) = 1
),

hosts as (
    select member, count(distinct provider_name) as hosts, max(throughput_tps_p50) as best_tps, min(ttft_ms_p50) as best_ttft_ms
    from samples
    group by member
)

select
    chosen.member, newest.week_start, now.tokens, now.tokens / before.tokens - 1 as change_ratio, now.share, now.share_low, now.share_high, now.rank,
    ever.lab, ever.weights, ever.first_ranked, lives.half_life_weeks, prices.price_date, prices.prompt, prices.completion, hosts.hosts,
    hosts.best_tps, hosts.best_ttft_ms
from chosen
cross join newest
left join weekly as now on chosen.member = now.member and newest.week_start = now.week_start
left join weekly as before on chosen.member = before.member and newest.week_start = before.week_start + 7
left join ever on chosen.member = ever.member
left join launch_half_lives as lives on chosen.member = lives.model_family
left join prices on chosen.member = prices.member
left join hosts on chosen.member = hosts.member
order by chosen.place
