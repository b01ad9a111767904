delete from ledger.stack_hours using touched
where
    stack_hours.target = touched.target
    and stack_hours.hour_at = touched.hour_at;

-- One row per info page's labels and touched hour.
insert into ledger.stack_hours by name
select
    series.target,
    series.engine,
    series.metric,
    series.labels,
    at_hand.hour_at,
    min(at_hand.scraped_at) as first_at,
    max(at_hand.scraped_at) as last_at
from at_hand
inner join series
    on at_hand.series_id = series.series_id
where
    at_hand.kind = 'info'
    and at_hand.is_touched
group by all;
