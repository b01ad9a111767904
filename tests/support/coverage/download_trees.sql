-- Seeded trees of models on the Hub: two roots, a merge of both, a circle, a base that nobody has, and
-- eight models that are each made from an earlier one. Half of the first roots are renamed, and bases are
-- stated by either name, in either case. Counters grow by what is planted; on three days all stand still,
-- and some are not counted on a day.
create table kinds as
select
    number as market,
    place,
    case place
        when 0 then 'first root'
        when 1 then 'second root'
        when 2 then 'circle'
        when 3 then 'circle'
        when 4 then 'merge'
        when 5 then 'missing'
        else ['first root', 'second root', 'circle', 'merge', 'missing'][
            1 + floor(5 * uniform(number, place, 'kind'))::bigint
        ]
    end as kind,
    row_number() over (partition by number, kind order by place) as place_of_kind,
    'id-' || number || '-' || place as hub_id,
    'lab-' || number || '/model-' || place as model_id
from range($markets) as numbers (number)
cross join range(14) as places (place);

create table planted as
select
    kinds.*,
    place = 0 and uniform(market, place, 'renamed') < 0.5 as is_renamed,
    case when place > 5 then 1 + floor((place_of_kind - 1) * uniform(market, place, 'base'))::bigint end
        as base_place,
    floor(between_ends(market, 'rate ' || place, 0, 500))::bigint as rate
from kinds;

create table stated as
select
    models.market,
    models.place,
    if(
        bases.is_renamed and uniform(models.market, models.place, 'former') < 0.5,
        'old-' || bases.model_id,
        bases.model_id
    ) as name,
    if(uniform(models.market, models.place, 'case') < 0.5, upper(name), name) as base_name
from planted as models
inner join planted as bases
    on
        models.market = bases.market
        and (
            (models.kind = bases.kind and models.base_place = bases.place_of_kind)
            or (models.place = 4 and bases.place in (0, 1))
            or (models.place = 2 and bases.place = 3)
            or (models.place = 3 and bases.place = 2)
        )
union all
select
    market,
    place,
    null as name,
    'gone-' || market || '/base' as base_name
from planted
where place = 5;

create table staging.stg_huggingface__models as
select
    's' as sha256,
    timestamptz '2026-08-03 08:00:00+00' + to_days(names.later::integer) as fetched_at,
    planted.hub_id,
    if(names.later = 0 and planted.is_renamed, 'old-' || planted.model_id, planted.model_id) as model_id,
    'text-generation' as pipeline_tag,
    timestamptz '2020-01-01 00:00:00+00' as created_at,
    case
        when planted.place = 4 then 'merge'
        when planted.place > 1
            then ['finetune', 'quantized', 'adapter'][
                1 + floor(3 * uniform(planted.market, planted.place, 'relation'))::bigint
            ]
    end as relation,
    'tag' as base_evidence,
    coalesce(bases.names, []) as base_ids,
    'none' as format,
    null::bigint as parameters
from planted
cross join (values (0), (1)) as names (later)
left join (
    select
        market,
        place,
        list(base_name) as names
    from stated
    group by all
) as bases
    using (market, place);

create table growth as
select
    planted.hub_id,
    days.day,
    date '2026-08-03' + days.day::integer as date,
    floor(rate * (0.5 + uniform(planted.market, days.day, 'growth ' || planted.place)))::bigint as downloads
from planted
cross join range(1, 15) as days (day);

create table staging.stg_huggingface__counts as
select
    date '2026-08-03' + days.day::integer as date,
    planted.hub_id,
    any_value(planted.model_id) as model_id,
    'text-generation' as pipeline_tag,
    3000 as downloads_30d,
    if(
        any_value(uniform(planted.market, days.day, 'uncounted ' || planted.place)) < 0.01
        and days.day between 1 and 13,
        0,
        -- On days 3, 8 and 9 the counters of all stand still.
        10000 + coalesce(
            sum(growth.downloads) filter (
                where growth.day <= case when days.day = 3 then 2 when days.day in (8, 9) then 7 else days.day end
            ),
            0
        )
    )::bigint as downloads_all_time,
    0 as likes,
    timestamptz '2026-08-03 08:00:00+00' + to_days(days.day::integer) as fetched_at,
    'simulated' as origin,
    'day-' || days.day as answer_sha256
from planted
cross join range(15) as days (day)
left join growth using (hub_id)
group by planted.hub_id, days.day;

-- Of every second market the base that nobody has was asked for.
create table staging.stg_huggingface__repositories as
select
    'gone-' || number || '/base' as name,
    null::varchar as hub_id,
    timestamptz '2026-08-03 08:00:00+00' as fetched_at,
    'base not on the Hub, or private' as reason
from range(0, $markets, 2) as numbers (number);

create table staging.stg_huggingface__history (
    grain varchar, figure varchar, date date, name varchar, downloads bigint, licence varchar,
    citation varchar, origin varchar, fetched_at timestamptz, answer_sha256 varchar
);

create table staging.stg_huggingface__history_files (
    answer_sha256 varchar, fetched_at timestamptz, grain varchar, figure varchar,
    licence varchar, citation varchar, origin varchar
);

create table seeds.download_sources as
select
    'hub' as source,
    'x' as title,
    'x' as licence,
    'x' as citation,
    'x' as address;
