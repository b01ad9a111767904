-- One row per source of a run, and for rankings by whether they are filtered: answers that are one, and their rows.
select
    source,
    source = 'rankings_daily'
    and len(list_intersect(json_keys(params), ['modality', 'context_bucket', 'category', 'language_type'])) > 0 as is_slice,
    count(*) as answers,
    sum(rows)::bigint as rows
from raw.answers
where
    run_id = $run_id
    and outcome in ('loaded', 'partial', 'unchanged')
group by all
