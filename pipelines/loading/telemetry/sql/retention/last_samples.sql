-- One row per series: the row of the last of its old samples, from which facts of later hours are
-- counted.
create or replace temp table last_samples as
select max_by(rowid, scraped_at) as sample_row
from raw.telemetry_samples
where scraped_at < getvariable('dropped_before')
group by
    target,
    metric,
    part,
    le,
    model_name,
    device,
    -- The labels of `up` describe how a scrape went, its value whether it worked.
    case when metric in ('up', 'device_up') then value::varchar else labels end;
