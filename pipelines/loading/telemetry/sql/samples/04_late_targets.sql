-- One row per new sample.
create or replace temp table new_samples as
select samples.*
from identified_samples as samples
where
    samples.scraped_at between getvariable('first_at') and getvariable('last_at')
    and samples.segment_id in (select incoming.segment_id from incoming);

-- One row per target of new samples: why its facts are not simply added to, and until which instant
-- that reason holds. A sample came late; or not from a scrape of ours, and then the ways are weighed
-- against each other; or a counter fell whose page tells no start, and then those around it tell a
-- restart from a false reading.
create or replace temp table incoming_targets as
with reasons as (
    select
        samples.target,
        max(samples.scraped_at) as reason_at
    from new_samples as samples
    left join ledger.target_state as states
        on samples.target = states.target
    where
        samples.way > 0
        or samples.scraped_at <= states.last_at
    group by samples.target
    union all by name
    select
        falls.target,
        max(falls.scraped_at) as reason_at
    from (
        select
            target,
            scraped_at,
            value < lag(value) over (
                partition by target, metric, part, le, model_name, labels, device
                order by scraped_at
            ) as fell
        from (
            select
                target,
                metric,
                part,
                le,
                model_name,
                series_labels as labels,
                device,
                value,
                scraped_at
            from new_samples
            where process = 0 and kind in ('counter', 'histogram')
            union all by name
            select
                target,
                metric,
                part,
                le,
                model_name,
                labels,
                device,
                value,
                scraped_at
            from identified_states
            where
                process = 0
                and kind in ('counter', 'histogram')
                and target in (select new_samples.target from new_samples)
        ) as counted
    ) as falls
    where falls.fell
    group by falls.target
)

select
    samples.target,
    samples.first_at,
    samples.last_at,
    max(reasons.reason_at) as reason_at,
    coalesce(
        max(reasons.reason_at) is not null
        or samples.first_at <= any_value(states.unsettled_until),
        false
    ) as is_late
from (
    select
        new_samples.target,
        min(new_samples.scraped_at) as first_at,
        max(new_samples.scraped_at) as last_at
    from new_samples
    group by new_samples.target
) as samples
left join ledger.target_state as states
    on samples.target = states.target
left join reasons
    on samples.target = reasons.target
group by samples.target, samples.first_at, samples.last_at;
