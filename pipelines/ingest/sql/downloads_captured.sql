-- One row: models and UTC days of the captures of the Hub's list, and rows of files of past counts.
select
    (select count(distinct counts.hub_id) from raw.hub_counts as counts) as models,
    (
        select count(distinct answers.fetched_at::date)
        from raw.answers as answers
        where
            answers.source = 'hub_models'
            and answers.outcome in ('loaded', 'partial', 'unchanged')
    ) as days,
    (select count(*) from raw.hub_history) as history_rows
