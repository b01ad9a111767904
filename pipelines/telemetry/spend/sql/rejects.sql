-- One row per line of the log that is no request, with the reason and nothing of its content.
select
    getvariable('gateway') as gateway,
    line,
    reason
from lines
where reason is not null
order by line
