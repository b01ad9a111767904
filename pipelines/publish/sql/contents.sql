-- One row per table of the marts: a hash that is another one where the table's rows are. A reader of
-- two generations knows by it which tables are alike. A table without one may differ in each.
create or replace table next.main.contents as
select
    relation[len('"marts"."') + 1:-2] as table_name,
    content
from main.made
where starts_with(relation, '"marts".') and not starts_with(node, 'test.') and content is not null
