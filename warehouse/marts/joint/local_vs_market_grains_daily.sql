-- One row per UTC day, grain, member and target: our tokens beside the market's.
--
-- The target `all` sums our targets. In every grain the members of a target sum to the platform's
-- row: what was not found in the market is the member `unresolved`. A member that the market does
-- not show on a day is below its cutoff, so its tokens there are unknown, not zero.
with ours as (
    select
        tokens.date,
        members.grain,
        members.member,
        tokens.target,
        tokens.service,
        tokens.total_tokens
    from {{ ref('local_tokens_daily') }} as tokens,
        lateral (
            values
            ('model', coalesce(tokens.model_permaslug, tokens.canonical_slug, 'unresolved')),
            ('family', coalesce(tokens.model_family, 'unresolved')),
            ('author', coalesce(tokens.author_slug, 'unresolved')),
            ('platform', 'platform')
        ) as members (grain, member)
    where tokens.total_tokens is not null
),

summed as (
    select
        date,
        grain,
        member,
        target,
        any_value(service) as service,
        sum(total_tokens)::bigint as local_tokens
    from (
        select * from ours
        union all
        select * replace ('all' as target, 'all' as service) from ours
    ) as both_targets
    group by all
),

markets as (
    select
        tokens.date,
        members.grain,
        members.member,
        sum(tokens.total_tokens)::bigint as market_tokens
    from {{ ref('market_tokens_daily') }} as tokens,
        lateral (
            values
            ('model', tokens.model_permaslug),
            ('family', tokens.model_family),
            ('author', tokens.author_slug)
        ) as members (grain, member)
    where not tokens.is_other
    group by all
    union all by name
    select
        date,
        'platform' as grain,
        'platform' as member,
        platform_tokens as market_tokens
    from {{ ref('market_days') }}
    where not is_other_missing
)

select
    summed.date,
    summed.grain,
    summed.member,
    summed.target,
    summed.local_tokens,
    markets.market_tokens,
    summed.local_tokens / nullif(markets.market_tokens, 0) as local_to_market,
    summed.local_tokens / nullif(summed.local_tokens + markets.market_tokens, 0) as local_share,
    days.cutoff_tokens,
    case
        when markets.market_tokens is not null then null
        when summed.member = 'unresolved' then 'not found in the market; served_models says why'
        when days.date is null then 'no answer of the market covers this day'
        when days.is_missing then 'the source has no such day'
        when summed.grain = 'platform' then 'the day has no other, so its total is not known'
        else 'below the cutoff of the day'
    end as reason,
    summed.service
from summed
left join markets
    using (date, grain, member)
left join {{ ref('market_days') }} as days
    using (date)
order by summed.date, summed.grain, summed.member, summed.target
