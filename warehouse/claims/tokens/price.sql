-- One row per basis: whether Chinese models served more than US ones in a week while cheaper.
{{ config(meta={
    'claim_id': 'price',
    'statement': 'Chinese models win by price.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, named models whose price is known, by country of the lab, a week '
        ~ 'at a time',
    'unit': 'Chinese over US price of a token',
    'source_url': none,
    'article': 'tokens',
    'holds_if': 'In the same weeks Chinese models served more tokens than US ones '
        ~ 'at a lower list price.',
}) }}
-- Prices are those of our catalogue and, for days before we fetched it, of archives. The weeks of the
-- statement and the newest week are separate bases. A price is the mean of the prompt and
-- completion prices, weighted by tokens. To win is to serve more tokens at a lower
-- price; this does not show that the price was the cause.
{% set evidence %}
    with last_week as (
        select max(week_start) as week_start
        from {{ ref('market_country_weekly') }}
        where is_whole_week
    ),

    periods as (
        select
            'april_2026' as period,
            '2026-03-02'::date as first_date,
            '2026-04-26'::date as last_date
        union all
        select
            'newest_week' as period,
            week_start as first_date,
            week_start + 6 as last_date
        from last_week
    ),

    priced as (
        select
            periods.period,
            daily.releasing_country as country,
            daily.is_free,
            daily.total_tokens,
            (prices.prompt_usd_per_mtok + prices.completion_usd_per_mtok) / 2 as usd_per_mtok
        from periods
        inner join {{ ref('market_tokens_daily') }} as daily
            on daily.date between periods.first_date and periods.last_date
        left join {{ ref('models') }} as models
            on daily.model_permaslug = models.model_permaslug
        left join {{ ref('model_prices_daily') }} as prices
            on
                models.model_id = prices.model_id
                and daily.date = prices.date
                and prices.kind = 'list'
        where daily.releasing_country in ('CN', 'US')
    )

    select
        periods.period,
        periods.first_date,
        periods.last_date,
        listings.free_listings,
        sum(priced.total_tokens) filter (where priced.country = 'CN')::bigint as chinese_tokens,
        sum(priced.total_tokens) filter (where priced.country = 'US')::bigint as us_tokens,
        (
            sum(priced.usd_per_mtok * priced.total_tokens) filter (where priced.country = 'CN')
            / sum(priced.total_tokens) filter (where priced.country = 'CN' and priced.usd_per_mtok is not null)
        )::double as chinese_usd_per_mtok,
        (
            sum(priced.usd_per_mtok * priced.total_tokens) filter (where priced.country = 'US')
            / sum(priced.total_tokens) filter (where priced.country = 'US' and priced.usd_per_mtok is not null)
        )::double as us_usd_per_mtok,
        coalesce(
            sum(priced.total_tokens) filter (where priced.usd_per_mtok is not null) / sum(priced.total_tokens), 0
        ) as priced_share
    from periods
    cross join (values ('with_free'), ('without_free')) as listings (free_listings)
    left join priced
        on
            periods.period = priced.period
            and (listings.free_listings = 'with_free' or not priced.is_free)
    group by periods.period, periods.first_date, periods.last_date, listings.free_listings
    order by periods.period, listings.free_listings
{% endset %}
with found as (
    {{ evidence }}
),

missing as (
    {{ claim_window('2026-03-02', '2026-04-26') }}
),

list_prices as (
    select
        model_id,
        date,
        (prompt_usd_per_mtok + completion_usd_per_mtok) / 2 as usd_per_mtok
    from {{ ref('model_prices_daily') }}
    where kind = 'list'
),

-- All weeks that are loaded, each by itself.
weeks as (
    select
        date_trunc('week', daily.date)::date as week_start,
        listings.basis,
        count(distinct daily.date) = 7 as is_whole,
        sum(daily.total_tokens) filter (where daily.releasing_country = 'CN') as chinese_tokens,
        sum(daily.total_tokens) filter (where daily.releasing_country = 'US') as us_tokens,
        sum(prices.usd_per_mtok * daily.total_tokens) filter (where daily.releasing_country = 'CN')
        / sum(daily.total_tokens) filter (where daily.releasing_country = 'CN' and prices.usd_per_mtok is not null)
            as chinese_price,
        sum(prices.usd_per_mtok * daily.total_tokens) filter (where daily.releasing_country = 'US')
        / sum(daily.total_tokens) filter (where daily.releasing_country = 'US' and prices.usd_per_mtok is not null)
            as us_price,
        coalesce(
            sum(daily.total_tokens) filter (where prices.usd_per_mtok is not null) / sum(daily.total_tokens), 0
        ) as priced_share
    from {{ ref('market_tokens_daily') }} as daily
    cross join (values ('with_free'), ('without_free')) as listings (basis)
    left join {{ ref('models') }} as models
        on daily.model_permaslug = models.model_permaslug
    left join list_prices as prices
        on
            models.model_id = prices.model_id
            and daily.date = prices.date
    where
        daily.releasing_country in ('CN', 'US')
        and (listings.basis = 'with_free' or not daily.is_free)
    group by all
),

dates as (
    {{ true_spans(
        'weeks',
        'is_whole and priced_share >= 0.5 and chinese_tokens > us_tokens and chinese_price < us_price'
    ) }}
),

known as (
    select
        found.*,
        coalesce(dates.true_dates, []) as true_dates,
        case when found.period = 'april_2026' then missing.missing_days end as missing_days,
        case when found.period = 'april_2026' then missing.missing_reason end as missing_reason,
        missing.as_of,
        -- A price of less than half of the tokens says little about the rest.
        missing.missing_days is not null and found.period = 'april_2026'
        or found.chinese_tokens is null
        or found.us_tokens is null
        or found.priced_share < 0.5
        or found.chinese_usd_per_mtok is null
        or coalesce(found.us_usd_per_mtok, 0) = 0 as is_unknown
    from found
    cross join missing
    left join dates
        on found.free_listings = dates.basis
)

select
    period || '_' || free_listings as basis,
    1.0::double as expected,
    missing_days,
    true_dates,
    as_of,
    case when not is_unknown then chinese_usd_per_mtok / us_usd_per_mtok end as measured,
    case
        when not is_unknown
            then
                format(
                    '{} to {}: {:.2f} tokens for one of the US, at {:.3f} USD a million '
                    || 'beside {:.3f}; prices of {:.0f} % are known',
                    first_date,
                    last_date,
                    chinese_tokens / us_tokens,
                    chinese_usd_per_mtok,
                    us_usd_per_mtok,
                    100 * priced_share
                )
    end as measured_text,
    case
        when is_unknown then 'unverifiable'
        when chinese_tokens > us_tokens and chinese_usd_per_mtok < us_usd_per_mtok then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when is_unknown
            then
                concat_ws(
                    ' ',
                    missing_reason,
                    case when first_date is null then 'No whole week of the market is loaded.' end,
                    format(
                        'Prices are known of {:.0f} % of the tokens from {} to {}, half is '
                        || 'needed. `tokentide ingest prices` asks archives for those of days '
                        || 'on which the catalogue was not fetched.',
                        100 * priced_share, first_date, last_date
                    )
                )
        when chinese_tokens <= us_tokens then 'Chinese models served no more than American ones.'
        when chinese_usd_per_mtok >= us_usd_per_mtok
            then 'Chinese models served more, but were not cheaper.'
        else
            'More tokens at a lower list price in the same days. That the price is the cause '
            || 'is not shown by it.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from known
