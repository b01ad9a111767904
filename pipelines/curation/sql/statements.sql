-- One row per statement on an author or model: value, and evidence with its source.
select
    subject,
    field,
    value,
    citation || ': ' || evidence as evidence
from attribution_statements
order by subject, field, source
