-- One row per subject of the articles whose statements are checked, in the order of pages.
select
    article,
    position,
    title,
    about
from {{ ref('claim_articles_noted') }}
order by position
