-- One row: models and UTC days of the captures of the Hub's list, rows of files of past counts, and
-- bases that were asked for by name: those that the Hub has, and those that it does not know.
select
    (select count(distinct counts.hub_id) from raw.hub_counts as counts) as models,
    (
        select count(distinct answers.fetched_at::date)
        from raw.answers as answers
        where
            answers.source = 'hub_models'
            and answers.outcome in ('loaded', 'partial', 'unchanged')
    ) as days,
    (select count(*) from raw.hub_history) as history_rows,
    (
        select count(distinct lower(bases.context ->> 'model'))
        from raw.answers as bases
        where
            bases.source = 'hub_repositories'
            and bases.outcome in ('loaded', 'unchanged')
    ) as bases,
    (
        select count(distinct lower(unknown.context ->> 'model'))
        from raw.answers as unknown
        where
            unknown.source = 'hub_repositories'
            and unknown.status in (401, 404, 410, 451)
    ) as unknown_bases
