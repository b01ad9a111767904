-- One row: the first day that no answer has covered yet.
select min(date)
from (select unnest(generate_series($first::date, $last::date, interval 1 day))::date as date)
where date not in (select ranking_days.date from raw.ranking_days where slice = 'all' and grain = 'day')
