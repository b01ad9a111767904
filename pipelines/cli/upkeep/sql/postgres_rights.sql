-- One row: whether the user may create tables and write to the catalog's, and if it is one of this version.
select
    has_schema_privilege('public', 'create') as may_create,
    coalesce(
        (
            select bool_and(has_table_privilege(pg_class.oid, 'insert, update, delete'))
            from pg_class
            where pg_class.relname like 'ducklake\_%' and pg_class.relkind = 'r'
        ),
        true
    ) as may_write,
    to_regclass('public.tokentide_moved') is not null as has_catalog;
