set variable first_at = (select min(scraped_at) from incoming);
set variable last_at = (select max(scraped_at) from incoming);

-- One row per target of samples that are taken back: the facts of their hours are made again.
create or replace temp table new_samples as
from identified_samples where false;

create or replace temp table incoming_targets as
select
    target,
    min(scraped_at) as first_at,
    max(scraped_at) as last_at,
    max(scraped_at) as reason_at,
    true as is_late
from incoming
group by target;
