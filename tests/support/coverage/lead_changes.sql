-- Seeded leaderboards of twenty weeks on which the lead changes hands two to four times: each time a model
-- of the other side appears, five to sixty points above the best. Its error is its own and stays, so weeks are alike.
create table planted as
select
    number as market,
    'lead-' || number as measure,
    between_ends(number, 'step', 5, 60) as step,
    list_sort(
        list_distinct(
            [
                2 + floor(16 * uniform(number, change, 'week'))::integer
                for change in range(2 + floor(3 * uniform(number, 0, 'changes'))::bigint)
            ]
        )
    ) as change_weeks
from range($markets) as numbers (number);

create table lines as
select
    planted.market,
    planted.measure,
    if(places.place % 2 = 0, 'US', 'CN') as country,
    country || '-' || places.place as model_name,
    if(places.place < 1, 0, planted.change_weeks[places.place]) as first_week,
    1400 + planted.step * places.place as strength,
    between_ends(planted.market, model_name || ' error', 2, 5) as error
from planted
-- Place -1 is a model of the side that begins behind.
inner join range(-1, 5) as places (place)
    on places.place <= len(planted.change_weeks);

create table intermediate.quality_scores as
select
    lines.measure,
    'overall' as category,
    date '2026-01-05' + (7 * weeks.week)::integer as version_date,
    lines.model_name,
    lines.strength
    + lines.error * normal(lines.market, 0, lines.model_name)
    + 0.3 * normal(lines.market, weeks.week, lines.model_name || ' votes') as score,
    score - 1.959964 * lines.error as score_low,
    score + 1.959964 * lines.error as score_high,
    date '2026-01-05' + (7 * lines.first_week)::integer as available_date,
    'simulated' as origin,
    'x' as answer_sha256
from lines
inner join range(20) as weeks (week)
    on lines.first_week <= weeks.week;

create table intermediate.quality_spans as
select
    planted.measure,
    'overall' as category,
    date '2026-01-05' + (7 * weeks.week)::integer as version_date,
    version_date as start_date,
    version_date + 6 as end_date,
    false as is_hindsight
from planted
cross join range(20) as weeks (week);

create table intermediate.measured_models as
select
    measure,
    model_name,
    null::varchar as model_id,
    country,
    'unknown' as weights
from lines;

create table seeds.quality_measures as
select
    measure,
    'elo' as scale,
    0.95::double as interval_level,
    'x' as licence,
    'x' as citation
from planted;
