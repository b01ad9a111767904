-- One row per series: where the last of its old samples is. Facts of later hours are counted from it.
create or replace temp table last_ones as
select max_by(rowid, scraped_at) as place
from raw.telemetry_samples
where scraped_at < getvariable('dropped_before')
group by
    target, metric, part, le, model_name, device,
    -- The labels of `up` say how a scrape went, its value whether it did.
    case when metric in ('up', 'device_up') then value::varchar else labels end;
