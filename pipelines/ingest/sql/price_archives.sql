-- One row per archive of prices: its last day, and the number of models that it ever had.
select
    archives.source,
    max(archives.as_of)::varchar as as_of,
    (
        select count(distinct series.model_id)
        from raw.price_series as series
        where series.source = archives.source
    ) as models
from raw.price_archives as archives
group by archives.source
order by archives.source
