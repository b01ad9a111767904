-- One row per sample of a counter, or of a part of a histogram, in or near a changed hour, with the
-- samples before it in its series.
create or replace temp table ordered_samples as
select
    samples.*,
    series.device,
    series.part,
    lag(samples.value) over in_series as value_before,
    lag(samples.scraped_at) over in_series as before_at,
    max(samples.value) over (
        in_series
        rows between unbounded preceding and 1 preceding
    ) as highest_before,
    max(samples.value) over (
        partition by samples.series_id, samples.page_process
        order by samples.scraped_at
        range between limits.settle preceding and interval 1 microsecond preceding
    ) as settled_before
from needed_samples as samples
inner join series
    on samples.series_id = series.series_id
inner join limits
    on samples.target = limits.target
where samples.kind in ('counter', 'histogram')
window in_series as (partition by samples.series_id order by samples.scraped_at);

-- One row per page that counts without a known process: how many of its counters fell since the page
-- before, and how many rose again to where they had been shortly before. A histogram has one vote.
create or replace temp table page_votes as
with counted as (
    select
        target,
        engine,
        scraped_at,
        page_process,
        count_if(value < value_before) as fell,
        count_if(value > value_before and value_before > 0) as grew,
        count_if(value = value_before and value_before > 0) as stayed,
        count_if(value_before < settled_before) as low,
        count_if(value_before < settled_before and value >= settled_before) as returned
    from ordered_samples
    where process = 0 and part in ('', 'count')
    group by all
)

select
    target,
    engine,
    scraped_at,
    page_process,
    -- A restart takes down all that counted; a few series may have overtaken their old value since.
    fell > 0 and fell > 4 * grew and fell >= stayed as fell_together,
    low > 0 and returned > 4 * (low - returned) as returned
from counted;

-- One row per such page: whether its process started again since the page before, or why nobody can
-- know what it counted.
create or replace temp table page_turns as
with returns as (
    select distinct
        votes.target,
        votes.engine,
        votes.scraped_at
    from page_votes as votes
    inner join limits
        on votes.target = limits.target
    inner join page_votes as later
        on
            votes.target = later.target
            and votes.engine = later.engine
            and votes.scraped_at < later.scraped_at
            and later.scraped_at <= votes.scraped_at + limits.settle
    where later.returned
),

turns as (
    select
        votes.*,
        coalesce(scrapes.is_restart, false) as is_proven_restart,
        returns.target is not null as returns_later
    from page_votes as votes
    left join returns
        on
            votes.target = returns.target
            and votes.engine = returns.engine
            and votes.scraped_at = returns.scraped_at
    left join ledger.scrapes
        on
            votes.target = scrapes.target
            and votes.scraped_at = scrapes.scraped_at
            and scrapes.scraped_at >= getvariable('first_changed') - interval 1 hour
    where votes.fell_together or votes.returned
)

select
    target,
    engine,
    scraped_at,
    fell_together
    and case when page_process > 0 then is_proven_restart else not returns_later end as is_restart,
    returned,
    case
        when returned or (fell_together and returns_later and not is_proven_restart)
            then
                'the counters fell and came back: a false reading, or several servers share '
                || 'this address'
    end as contradiction
from turns;

-- One row per sample of a counter, or of a part of a histogram, in or near a changed hour: its
-- growth since the sample before it. Null growth is not known: a series is first seen, and what it
-- counted before is claimed by nobody; or samples contradict each other, which `unknown_reason` says.
create or replace temp table growths as
with judged as (
    select
        samples.*,
        processes.process is not null as is_proven,
        coalesce(
            processes.first_page_at = samples.scraped_at and processes.is_restart,
            false
        ) as is_start_of_restart,
        coalesce(turns.is_restart, false) as page_restarted,
        case
            when samples.value_before is null then null
            when
                turns.contradiction is not null
                -- A series that had not fallen cannot come back.
                and (samples.value_before < samples.settled_before or not turns.returned)
                then turns.contradiction
            when samples.process > 0 and samples.value < samples.highest_before
                then 'the counter fell, though its process did not start again'
            when samples.process = 0 and samples.value < samples.value_before and not coalesce(turns.is_restart, false)
                then 'the counter fell, though the rest of its page did not'
        end as contradiction
    from ordered_samples as samples
    left join proven_processes as processes
        on
            samples.target = processes.target
            and samples.process = processes.process
    left join page_turns as turns
        on
            samples.process = 0
            and samples.target = turns.target
            and samples.engine = turns.engine
            and samples.scraped_at = turns.scraped_at
),

-- The parts of a histogram are read together, or not at all.
contradicted_histograms as (
    select
        series.target,
        series.metric,
        series.model_name,
        series.labels,
        series.process,
        judged.scraped_at,
        any_value(judged.contradiction) as contradiction
    from judged
    inner join series
        on judged.series_id = series.series_id
    where judged.kind = 'histogram' and judged.contradiction is not null
    group by all
),

contradicted_parts as (
    select
        series.series_id,
        histograms.scraped_at,
        histograms.contradiction
    from contradicted_histograms as histograms
    inner join series
        on
            histograms.target = series.target
            and histograms.metric = series.metric
            and histograms.labels = series.labels
            and histograms.process = series.process
            and histograms.model_name is not distinct from series.model_name
)

select
    judged.series_id,
    judged.kind,
    judged.minute_at,
    judged.hour_at,
    judged.scraped_at,
    judged.before_at,
    judged.is_changed,
    case
        when judged.value_before is null then judged.is_start_of_restart
        else judged.page_restarted
    end as is_restart,
    coalesce(judged.contradiction, parts.contradiction) as unknown_reason,
    case
        when unknown_reason is not null then null
        when judged.value_before is null
            then case when judged.is_proven and judged.device is null then judged.value end
        when judged.page_restarted then judged.value
        when judged.process > 0 then judged.value - judged.highest_before
        else judged.value - judged.value_before
    end as growth
from judged
left join contradicted_parts as parts
    on
        judged.series_id = parts.series_id
        and judged.scraped_at = parts.scraped_at;

-- What contradicts a page is said of its scrape too.
update ledger.scrapes
set contradiction = page_turns.contradiction
from page_turns
where
    scrapes.target = page_turns.target
    and scrapes.scraped_at = page_turns.scraped_at
    and scrapes.scraped_at >= getvariable('first_changed') - interval 1 hour
    and page_turns.contradiction is not null
    and scrapes.contradiction is null;

update ledger.scrapes
set is_restart = true
from page_turns
where
    scrapes.target = page_turns.target
    and scrapes.scraped_at = page_turns.scraped_at
    and scrapes.scraped_at >= getvariable('first_changed') - interval 1 hour
    and page_turns.is_restart;
