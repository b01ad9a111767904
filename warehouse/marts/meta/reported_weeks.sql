-- One row per ISO week of which the press gave tokens of Chinese and US models, as reported.
select
    week_start,
    chinese_tokens,
    us_tokens,
    chinese_growth,
    us_growth,
    publisher,
    published_date,
    source_url,
    quoted
from {{ ref('reported_weeks_noted') }}
order by week_start
