-- One row per table of the marts that is other than in generation $generation: its name, and where
-- only some of its slices are, the columns that name a slice and the change after which they came.
with made as (
    select
        relation[len('"marts"."') + 1:-2] as relation,
        content,
        base,
        slice
    from main.made
    where starts_with(relation, '"marts".') and not starts_with(node, 'test.')
),

held as (
    select
        relation,
        content,
        base,
        changed
    from main.published
    where generation = $generation
),

marts as (
    select table_name as relation
    from duckdb_tables()
    where schema_name = 'marts' and database_name = current_database()
)

select
    marts.relation,
    case when made.base = held.base and len(made.slice) > 0 then made.slice end as slice,
    held.changed
from marts
left join made
    using (relation)
left join held
    using (relation)
where made.content is distinct from held.content or made.content is null
order by marts.relation
