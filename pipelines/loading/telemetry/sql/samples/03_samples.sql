set variable first_at = (select min(scraped_at) from incoming);
set variable last_at = (select max(scraped_at) from incoming);

delete from incoming
where not isfinite(value);

-- What somebody took back does not come again.
delete from incoming using raw.telemetry_forgotten as forgotten
where
    incoming.segment_id = coalesce(forgotten.segment_id, incoming.segment_id)
    and incoming.target = coalesce(forgotten.target, incoming.target)
    and incoming.scraped_at >= coalesce(forgotten.first_at, incoming.scraped_at)
    and incoming.scraped_at <= coalesce(forgotten.last_at, incoming.scraped_at);

-- Of two samples of one series and instant the one of the first way counts, and of one way the
-- greater one, whichever was loaded first: so the order of loading does not matter.
delete from incoming
where rowid in (
    with contested as (
        select
            target,
            metric,
            part,
            le,
            model_name,
            labels,
            device,
            scraped_at
        from incoming
        group by all
        having count(*) > 1
    )

    select samples.rowid
    from incoming as samples
    semi join contested
        on
            samples.target = contested.target
            and samples.metric = contested.metric
            and samples.part = contested.part
            and samples.labels = contested.labels
            and samples.scraped_at = contested.scraped_at
            and samples.le is not distinct from contested.le
            and samples.model_name is not distinct from contested.model_name
            and samples.device is not distinct from contested.device
    inner join ways
        on samples.segment_id = ways.segment_id
    qualify
        row_number() over (
            partition by
                samples.target,
                samples.metric,
                samples.part,
                samples.le,
                samples.model_name,
                samples.labels,
                samples.device,
                samples.scraped_at
            order by ways.way, samples.value desc, samples.started_at desc nulls last, samples.segment_id
        ) > 1
);

-- One row per incoming sample whose series and instant are in the warehouse already: the rows of
-- both, and whether the incoming one replaces the other.
create or replace temp table duplicates as
select
    samples.rowid as incoming_row,
    known.rowid as known_row,
    ways.way < known_ways.way
    or (
        ways.way = known_ways.way
        and (
            samples.value > known.value
            or (
                samples.value = known.value
                and samples.started_at is not null
                and coalesce(samples.started_at > known.started_at, true)
            )
        )
    ) as is_better
from incoming as samples
inner join ways
    on samples.segment_id = ways.segment_id
inner join raw.telemetry_samples as known
    on
        samples.target = known.target
        and samples.metric = known.metric
        and samples.part = known.part
        and samples.labels = known.labels
        and samples.scraped_at = known.scraped_at
        and samples.le is not distinct from known.le
        and samples.model_name is not distinct from known.model_name
        and samples.device is not distinct from known.device
inner join ways as known_ways
    on known.segment_id = known_ways.segment_id
where known.scraped_at between getvariable('first_at') and getvariable('last_at');

delete from raw.telemetry_samples
where rowid in (select duplicates.known_row from duplicates where duplicates.is_better);

delete from incoming
where rowid in (select duplicates.incoming_row from duplicates where not duplicates.is_better);

-- All that is left is new.
insert into raw.telemetry_samples by name
from incoming;

insert into ledger.process_starts
select distinct
    incoming.target,
    date_trunc('second', incoming.started_at) as started_second
from incoming
where incoming.started_at is not null
on conflict do nothing;
