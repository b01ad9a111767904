-- One row per source and reason: answers of the newest run that could not be loaded in full, or that
-- the log has no answer of the source.
with asked as (
    select unnest($sources) as source
),

answers as (
    select ingest_log.*
    from ingest_log
    inner join asked using (source)
    qualify row_number() over (partition by ingest_log.source, ingest_log.url order by ingest_log.fetched_at desc, ingest_log.answer_id desc) = 1
),

newest as (
    select *
    from answers
    qualify run_id is not distinct from first_value(run_id) over (partition by source order by fetched_at desc, answer_id desc)
)

select
    format(
        '{} of `{}`: {} on {} UTC, {}',
        case when count(*) = 1 then 'The newest answer' else count(*)::varchar || ' answers' end,
        source,
        outcome,
        strftime(max(fetched_at) at time zone 'UTC', '%Y-%m-%d %H:%M'),
        coalesce(arg_max(reason, fetched_at), 'HTTP status ' || arg_max(status, fetched_at))
    ) as reason
from newest
where outcome not in ('loaded', 'unchanged')
group by source, outcome
union all
select 'The log has no answer of `' || string_agg(source, '`, `' order by source) || '`: `tokentide ingest market` asks for it.' as reason
from asked
where source not in (select source from answers)
-- Rankings come as daily answers or as an export; one of them is enough.
having count(*) > 0 and not (bool_and(source like 'rankings%') and exists (select 1 from answers where source like 'rankings%'))
order by reason
