-- One row per day of the period and listing of the family: its tokens, and the day's cutoff. A day that
-- is missing, or on which the listing was below the cutoff, has no tokens.
with listed as (
    select date, model_permaslug, total_tokens, rank
    from market_tokens_daily
    where model_family = $family and date between $first and $last
),

days as (
    select unnest(generate_series((select min(date) from listed), max(date), interval 1 day))::date as date
    from market_days
    where date <= $last and exists (from listed)
)

select date, model_permaslug, total_tokens as tokens, rank, cutoff_tokens, date in (select date from market_days where not is_missing) as is_known
from days
cross join (select distinct model_permaslug from listed)
left join listed using (date, model_permaslug)
left join market_days using (date)
order by model_permaslug, date
