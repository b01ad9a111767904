-- Results of checks by runs that are gone, except the newest of each check, which pages show.
delete from asset_check_executions
where
    run_id not in (select run_id from runs.runs)
    and id not in (
        select max(id)
        from asset_check_executions
        group by asset_key, check_name
    );
