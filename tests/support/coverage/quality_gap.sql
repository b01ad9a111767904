-- Seeded leaderboards of one day: twelve models of either side, their true strengths about eight points
-- apart as on leaderboards of 2026, measured with errors of two to five points.
create table planted as
select
    number as market,
    'gap-' || number as measure,
    1400 + between_ends(number, 'US', -30, 30) as us_top,
    1400 + between_ends(number, 'CN', -30, 30) as cn_top,
    us_top - cn_top as truth
from range($markets) as numbers (number);

create table strengths as
select
    planted.market,
    planted.measure,
    sides.side as country,
    sides.side || '-' || places.place as model_name,
    between_ends(planted.market, model_name || ' error', 2, 5) as error,
    if(sides.side = 'US', planted.us_top, planted.cn_top)
    -- Steps between places are exponential: some models are level, some far apart.
    - sum(
        if(places.place = 0, 0, -8 * ln(1 - uniform(planted.market, places.place, sides.side || ' step')))
    ) over (partition by planted.market, sides.side order by places.place) as strength
from planted
cross join (values ('US'), ('CN')) as sides (side)
cross join range(12) as places (place);

create table intermediate.quality_scores as
select
    measure,
    'overall' as category,
    date '2026-01-05' as version_date,
    model_name,
    strength + error * normal(market, 0, model_name) as score,
    score - 1.959964 * error as score_low,
    score + 1.959964 * error as score_high,
    date '2026-01-05' as available_date,
    'simulated' as origin,
    'x' as answer_sha256
from strengths;

create table intermediate.quality_spans as
select
    measure,
    'overall' as category,
    date '2026-01-05' as version_date,
    date '2026-01-05' as start_date,
    date '2026-01-05' as end_date,
    false as is_hindsight
from planted;

create table intermediate.measured_models as
select
    measure,
    model_name,
    null::varchar as model_id,
    country,
    'unknown' as weights
from strengths;

create table seeds.quality_measures as
select
    measure,
    'elo' as scale,
    0.95::double as interval_level,
    'x' as licence,
    'x' as citation
from planted;
