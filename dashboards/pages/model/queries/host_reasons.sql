-- One row: the models whose hosts were sampled, where none is of the family.
select
    case
        when count(*) = 0 then 'no sample of hosts is loaded'
        else format('hosts of {} models are loaded, up to {} UTC, and none is of this family', count(distinct model_permaslug), strftime(max(captured_at) at time zone 'UTC', '%Y-%m-%d %H:%M'))
    end as reason
from endpoint_speed
