-- One row per author or model: the fields that are not known, by tokens.
select
    subject as name,
    string_agg(field, ', ' order by field) as not_known,
    format('{:.2f} %', 100 * any_value(share_of_named)) as share,
    any_value(reason) as reason,
    string_agg(field || ': ' || proposed_value, ', ' order by field) as others_say
from attribution_unknowns
group by subject
order by any_value(tokens) desc, subject
limit 20
