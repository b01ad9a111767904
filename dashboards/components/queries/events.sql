-- One row per event of the period, by day: launches of families, changes of list prices and restated
-- days, of each kind the largest few. With a family only its launch and its prices, and days on which
-- its figures moved.
with launches as (
    select
        firsts.first_ranked as date, 'launch' as kind, firsts.model_family || ' first among the named models' as text,
        coalesce(lives.peak_share, 0) as size
    from (
        select model_family, min(date) as first_ranked
        from market_tokens_daily
        where not is_other and is_text_model
        group by model_family
    ) as firsts
    left join launch_half_lives as lives using (model_family)
    -- What ranked on the first day of all may have been launched long before.
    where ($family = '' or firsts.model_family = $family) and firsts.first_ranked > (select min(date) from market_days where not is_missing)
),

prices as (
    select
        date, 'price' as kind, model_id || ': list price ' || if(change_ratio > 0, '+', '−') || round(abs(change_ratio) * 100)::integer || '%' as text,
        coalesce(tokens_before, 0) * abs(change_ratio) as size
    from price_events
    where
        kind = 'list' and change_ratio is not null and abs(change_ratio) >= 0.005
        and ($family = '' or model_id in (select model_id from models where model_family = $family))
),

restated as (
    select
        date, 'restatement' as kind,
        'this day restated by ' || if(sum(total_tokens - previous_total_tokens) >= 0, '+', '−')
        || format('{:.2g}', 100 * abs(sum(total_tokens - previous_total_tokens)) / nullif(sum(previous_total_tokens), 0)) || '% over '
        || count(*) || ' figures' as text,
        abs(sum(total_tokens - previous_total_tokens))::double as size
    from market_tokens_revisions
    where
        revision > 1 and previous_total_tokens > 0 and total_tokens is not null
        and ($family = '' or model_permaslug in (select model_permaslug from models where model_family = $family))
    group by date
    having size > 0
)

select date, kind, text, size
from (
    from launches
    union all
    from prices
    union all
    from restated
)
where date between $first and $last and text is not null
qualify row_number() over (partition by kind order by size desc, date, text) <= $most
order by date, kind, text
