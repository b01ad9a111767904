-- One row per day whose total differs from the first one by at least a part, the newest change first.
select date, as_of, revisions, first_platform_tokens, platform_tokens, change_ratio, origin
from market_restatements_daily
where abs(change_ratio) >= $least and revisions > 0
order by as_of desc, date desc
limit $entries
