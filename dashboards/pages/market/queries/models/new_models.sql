-- One row per model family that first ranked in the eight weeks before the newest day: when, and its
-- tokens in the newest whole week.
with newest as (
    select max(week_start) as week_start from market_share_weekly where is_whole_week
),

firsts as (
    select model_family, min(date) as first_ranked
    from market_tokens_daily
    where not is_other and is_text_model
    group by model_family
),

shares as (
    select member as model_family, tokens, share, rank
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'family' and week_start = (from newest)
)

select firsts.model_family, firsts.first_ranked, shares.rank, shares.share, shares.tokens
from firsts
left join shares using (model_family)
where firsts.first_ranked > (select max(date) from market_tokens_daily) - 56
order by shares.tokens desc nulls last, firsts.first_ranked desc
