-- One row per UTC day that the source restated: the platform's tokens as first published and as known now.
select date, first_as_of, as_of, revisions, first_platform_tokens, platform_tokens, change_ratio, models_changed, largest_change_model
from market_restatements_daily
where revisions > 0
order by date
