-- One row per basis: whether a Chinese token cost a tenth of a US one in March and April 2026.
{{ config(meta={
    'claim_id': 'price-tenth',
    'statement': 'Chinese models have the price advantage: they cost about a tenth of US ones.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'OpenRouter, named models with a known list price, by country of the lab, in the '
        ~ 'weeks of March and April 2026',
    'unit': 'Chinese over US price of a token',
    'source_url': 'https://sns.style/en/news/2026/03/28/chinese-ai-models-surpass-us-in-api-usage'
        ~ '-deepseek-weekly-token-volume-exceeds-7-1',
    'article': 'tokens',
    'holds_if': 'The mean list price, weighted by tokens, was at most 0.15 of that of US models.',
}) }}
-- The price is the mean of prompt and completion, as in the claim `price`. A week whose price is
-- known of less than half of its tokens says nothing.
{% set evidence %}
    select
        date_trunc('week', daily.date)::date as week_start,
        listings.basis,
        (
            sum(prices.prompt_usd_per_mtok * daily.total_tokens + prices.completion_usd_per_mtok * daily.total_tokens)
                filter (where daily.releasing_country = 'CN')
            / nullif(sum(2 * daily.total_tokens) filter (where daily.releasing_country = 'CN' and prices.date is not null), 0)
        )::double as chinese_usd_per_mtok,
        (
            sum(prices.prompt_usd_per_mtok * daily.total_tokens + prices.completion_usd_per_mtok * daily.total_tokens)
                filter (where daily.releasing_country = 'US')
            / nullif(sum(2 * daily.total_tokens) filter (where daily.releasing_country = 'US' and prices.date is not null), 0)
        )::double as us_usd_per_mtok,
        coalesce(sum(daily.total_tokens) filter (where prices.date is not null) / sum(daily.total_tokens), 0) as priced_share,
        count(distinct daily.date) as days
    from {{ ref('market_tokens_daily') }} as daily
    cross join (values ('with_free'), ('without_free')) as listings (basis)
    left join {{ ref('models') }} as models
        on daily.model_permaslug = models.model_permaslug
    left join {{ ref('model_prices_daily') }} as prices
        on
            models.model_id = prices.model_id
            and daily.date = prices.date
            and prices.kind = 'list'
            and prices.prompt_usd_per_mtok + prices.completion_usd_per_mtok is not null
    where
        daily.releasing_country in ('CN', 'US')
        and (listings.basis = 'with_free' or not daily.is_free)
    group by all
    order by listings.basis, week_start
{% endset %}
with weeks as (
    {{ evidence }}
),

ratios as (
    select
        *,
        case
            when days = 7 and priced_share >= 0.5 and us_usd_per_mtok > 0
                then chinese_usd_per_mtok / us_usd_per_mtok
        end as ratio
    from weeks
),

dates as (
    {{ true_spans('ratios', 'ratio <= 0.15') }}
),

missing as (
    {{ claim_window('2026-03-02', '2026-04-26') }}
),

listings as (
    select unnest(['with_free', 'without_free']) as basis
),

stated as (
    select
        listings.basis,
        avg(ratios.ratio) as ratio,
        count(ratios.ratio) as weeks
    from listings
    left join ratios
        on
            listings.basis = ratios.basis
            and ratios.week_start between '2026-03-02' and '2026-04-26'
    group by listings.basis
)

select
    stated.basis,
    0.1::double as expected,
    missing.missing_days,
    coalesce(dates.true_dates, []) as true_dates,
    missing.as_of,
    case when missing.missing_days is null then stated.ratio end as measured,
    case
        when missing.missing_days is null
            then format('{:.2f} of the US price, the mean of {} weeks', stated.ratio, stated.weeks)
    end as measured_text,
    case
        when missing.missing_days is not null or stated.ratio is null then 'unverifiable'
        when stated.ratio <= 0.15 then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when missing.missing_days is not null then missing.missing_reason
        when stated.ratio is null
            then
                'Prices of at least half of the tokens are missing in every week. '
                || '`tokentide ingest prices` asks archives for them.'
        when stated.ratio <= 0.15 then 'A token cost at most 0.15 of one of the US.'
        else 'Cheaper is not a tenth: a token cost more than 0.15 of one of the US.'
    end as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from stated
cross join missing
left join dates
    on stated.basis = dates.basis
