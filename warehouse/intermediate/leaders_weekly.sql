-- One row per ISO week, basis, attribution, dimension and leading member, with its lead.
--
-- Members with equal tokens lead together.
with shares as (
    select shares.*
    from {{ ref('market_share_weekly') }} as shares
    inner join {{ ref('market_weeks') }}
        using (week_start)
    where shares.dimension in ('author', 'country', 'weights', 'family')
)

select
    leaders.week_start,
    leaders.basis,
    leaders.attribution,
    leaders.dimension,
    leaders.member,
    any_value(leaders.tokens) as tokens,
    any_value(leaders.share) as share,
    any_value(leaders.share_low) as share_low,
    coalesce(max(others.tokens) filter (where others.member <> 'unknown'), 0) as second_tokens,
    coalesce(max(others.share) filter (where others.member <> 'unknown'), 0) as second_share,
    -- A leader that is alone among the known is compared with the unknown, which may all belong to
    -- one other member.
    coalesce(
        max(others.share_high) filter (where others.member <> 'unknown'),
        max(others.share) filter (where others.member = 'unknown'),
        0
    ) as second_share_high
from shares as leaders
left join shares as others
    on
        leaders.week_start = others.week_start
        and leaders.basis = others.basis
        and leaders.attribution = others.attribution
        and leaders.dimension = others.dimension
        and leaders.member <> others.member
where leaders.rank = 1
group by all
