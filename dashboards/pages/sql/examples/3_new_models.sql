-- Models first ranked in the last eight weeks of data, the largest first
select model_permaslug, min(date) as first_ranked_date, sum(total_tokens)::bigint as total_tokens, min(rank) as best_rank
from market_tokens_daily
where not is_other
group by model_permaslug
having min(date) > (select max(date) - 56 from market_days where not is_missing)
order by total_tokens desc
