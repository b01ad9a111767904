-- One row per subject of the articles with claims of this verdict, in the order of the page.
with listed as (
    select claim_id, any_value(article) as article, any_value(verdict) filter (where basis = 'all') as verdict
    from claims
    group by claim_id
)

select
    listed.article,
    coalesce(any_value(articles.title), 'Others') as title,
    coalesce(any_value(articles.about), '') as about,
    count(*) as claims
from listed
left join claim_articles as articles
    on listed.article = articles.article
where $verdict = 'all' or listed.verdict = $verdict
group by listed.article
order by coalesce(any_value(articles.position), 99), listed.article
