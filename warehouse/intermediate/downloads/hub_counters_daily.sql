-- One row per UTC day and model: its counters, from a capture or from a file of past counts.
--
-- Where both have the day, our own capture counts. A model that we never captured is known by its name.
with captured as (
    select
        date,
        hub_id,
        model_id,
        pipeline_tag,
        downloads_30d,
        downloads_all_time,
        likes,
        'hub' as source,
        origin,
        answer_sha256
    from {{ ref('stg_huggingface__counts') }}
),

past as (
    select
        history.date,
        coalesce(names.hub_id, 'name:' || lower(history.name)) as hub_id,
        history.name as model_id,
        'history' as pipeline_tag,
        null::bigint as downloads_30d,
        history.downloads as downloads_all_time,
        null::bigint as likes,
        'history' as source,
        case when history.origin = 'simulated' then 'simulated' else 'archive' end as origin,
        history.answer_sha256
    from {{ ref('stg_huggingface__history') }} as history
    left join {{ ref('hub_names') }} as names
        on lower(history.name) = names.name
    where
        history.grain = 'model'
        and history.figure = 'all_time'
        and history.date not in (select captured.date from captured)
    -- Two names of one model, before and after it was renamed.
    qualify
        row_number() over (
            partition by history.date, coalesce(names.hub_id, 'name:' || lower(history.name))
            order by history.downloads desc
        ) = 1
),

joined as (
    select * from captured
    union all by name
    select * from past
),

-- A name that ends on the day on which another begins with exactly its count is a rename: with many
-- downloads that is no chance. Only names are compared, since the Hub's `_id` does not change.
ends as (
    select
        hub_id,
        min(date) as first_date,
        max(date) as last_date,
        arg_min(downloads_all_time, date) as first_count,
        arg_max(downloads_all_time, date) as last_count
    from joined
    where starts_with(hub_id, 'name:')
    group by hub_id
),

days as (
    select
        date,
        lead(date) over (order by date) as next_date
    from (select distinct joined.date from joined) as known
),

renamed as (
    select
        later.hub_id,
        min(earlier.hub_id) as former_id
    from ends as earlier
    inner join days
        on earlier.last_date = days.date
    inner join ends as later
        on
            days.next_date = later.first_date
            and earlier.last_count = later.first_count
    where earlier.last_count >= 1000
    group by later.hub_id
    having count(*) = 1
)

select
    joined.* exclude (hub_id),
    coalesce(renamed.former_id, joined.hub_id) as hub_id,
    renamed.former_id is not null as is_renamed
from joined
left join renamed using (hub_id)
