-- Rows of a file of past counts that have a day, a name and a count.
insert into raw.hub_history by name
with typed as (
    select
        try_cast(date as date) as date,
        try_cast(name as varchar) as name,
        try_cast(downloads as bigint) as downloads
    from incoming
)

select
    $digest as sha256,
    date,
    name,
    downloads
from typed
where
    date between '2015-01-01' and current_date + 1
    and name is not null
    and length(name) between 1 and 200
    and downloads >= 0
