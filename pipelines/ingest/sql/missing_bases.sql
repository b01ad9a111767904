-- One row per base that no answer of the Hub has: stated by a model, neither in a list nor asked for
-- since, with the downloads in 30 days of all listed models that go back to it, the most first.
--
-- A name that the Hub did not know is asked for again after $again, one that failed after $later.
with recursive newest as (
    select
        hub_id,
        base_ids
    from raw.hub_models
    qualify row_number() over (partition by hub_id order by fetched_at desc) = 1
),

asked as (
    select
        lower(context ->> 'model') as name,
        sha256,
        fetched_at,
        status
    from raw.answers
    where source = 'hub_repositories'
),

names as (
    select
        lower(model_id) as name,
        hub_id
    from raw.hub_models
    union
    -- A former name leads to the model that has another name now.
    select
        asked.name,
        models.hub_id
    from asked
    inner join raw.hub_models as models
        using (sha256)
),

edges as (
    select
        stated.hub_id,
        stated.base_name,
        names.hub_id as base_hub_id
    from (
        select
            hub_id,
            unnest(base_ids) as base_name
        from newest
    ) as stated
    left join names
        on lower(stated.base_name) = names.name
),

newest_list as (
    select distinct sha256
    from raw.answers
    where
        source = 'hub_models'
        and outcome in ('loaded', 'partial', 'unchanged')
        and fetched_at >= (
            select max(lists.fetched_at) - interval 1 day
            from raw.answers as lists
            where lists.source = 'hub_models'
        )
),

listed as (
    select
        hub_id,
        max(downloads_30d) as downloads
    from raw.hub_counts
    where sha256 in (select newest_list.sha256 from newest_list)
    group by hub_id
),

-- A set of pairs, so that a circle ends.
ancestors as (
    select
        hub_id,
        hub_id as node
    from listed
    union
    select
        ancestors.hub_id,
        edges.base_hub_id as node
    from ancestors
    inner join edges
        on ancestors.node = edges.hub_id
    where edges.base_hub_id is not null
),

missing as (
    select
        lower(edges.base_name) as name,
        min(edges.base_name) as base_name,
        coalesce(sum(listed.downloads), 0)::bigint as downloads
    from (
        select distinct
            ancestors.hub_id,
            edges.base_name
        from ancestors
        inner join edges
            on ancestors.node = edges.hub_id
        where edges.base_hub_id is null
    ) as edges
    left join listed
        using (hub_id)
    group by lower(edges.base_name)
),

tried as (
    select
        name,
        max(fetched_at) as last_try,
        max(fetched_at) filter (where status in (401, 404, 410, 451)) as last_unknown
    from asked
    group by name
),

known as (
    select
        missing.*,
        tried.last_try,
        tried.last_unknown
    from missing
    left join tried
        using (name)
)

select
    base_name,
    downloads
from known
where
    regexp_full_match(base_name, $name_pattern)
    and not regexp_matches(base_name, $dots_pattern)
    and coalesce(last_try < $now - $later, true)
    and coalesce(last_unknown < $now - $again, true)
order by last_try is not null, downloads desc, name
limit $most
