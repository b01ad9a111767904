-- What is new: the archive's content, the models of which it says something new, and their prices.
insert into raw.price_archives by name
select
    getvariable('sha256') as sha256,
    getvariable('source') as source,
    getvariable('as_of') as as_of,
    getvariable('fetched_at') as fetched_at,
    getvariable('origin') as origin;

insert into raw.price_series by name
select
    getvariable('sha256') as sha256,
    getvariable('source') as source,
    model_id,
    model_name,
    last_seen,
    content_hash
from changed_series;

insert or ignore into raw.price_points by name
select distinct
    series.content_hash,
    points.* exclude (model_id)
from changed_series as series
inner join incoming_points as points using (model_id);
