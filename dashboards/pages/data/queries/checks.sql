-- One row per identity that must hold in this file: how many rows break it, which must be 0.
select 'A day''s rows sum to the platform''s tokens' as claim, 'market_days' as tables, count(*) as rows_wrong
from (
    select days.date
    from market_days as days
    inner join market_tokens_daily as tokens on days.date = tokens.date
    where not days.is_missing
    group by days.date, days.platform_tokens
    having sum(tokens.total_tokens) is distinct from days.platform_tokens
)
union all
select 'Shares of a week sum to 1, the unknown included', 'market_share_weekly', count(*)
from (
    select week_start
    from market_share_weekly
    group by week_start, basis, attribution, dimension
    having abs(sum(share) - 1) > 1e-6
)
union all
select 'A share lies within its bounds', 'market_share_weekly', count(*)
from market_share_weekly
where share < share_low - 1e-9 or share > share_high + 1e-9
union all
select 'A missing day has no tokens', 'market_days', count(*)
from market_days
where is_missing and platform_tokens is not null
union all
select 'Every figure''s raw answer is in the log', 'market_tokens_daily, ingest_log', count(*)
from market_tokens_daily
where answer_sha256 not in (select sha256 from ingest_log)
union all
select 'Every quarantined value is from an answer in the log', 'ingest_quarantine, ingest_log', count(*)
from ingest_quarantine
where answer_sha256 not in (select sha256 from ingest_log)
union all
select 'No minute of our tier is covered for more than 60 s', 'served_tokens_minutely', count(*)
from served_tokens_minutely
where covered_seconds > 60 + 1e-6
