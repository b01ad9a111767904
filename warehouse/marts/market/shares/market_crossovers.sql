-- One row per ISO week, basis, attribution, dimension, member and overtaken member.
--
-- The member passed the other one: in the whole week before, it was behind or level. At least one
-- of a pair is among the ten largest. A member that was absent the week before was below the
-- cutoff, so it was behind all that were present, and its earlier share is null.
with shares as (
    select shares.*
    from {{ ref('market_share_weekly') }} as shares
    inner join {{ ref('market_weeks') }}
        using (week_start)
    where
        shares.dimension in ('author', 'country', 'weights', 'family')
        and shares.member <> 'unknown'
),

changes as (
    select
        current.*,
        previous.share as share_before,
        previous.share_high as share_high_before,
        previous.share_low as share_low_before
    from shares as current
    left join shares as previous
        on
            current.week_start = previous.week_start + 7
            and current.basis = previous.basis
            and current.attribution = previous.attribution
            and current.dimension = previous.dimension
            and current.member = previous.member
)

select
    ahead.week_start,
    ahead.basis,
    ahead.attribution,
    ahead.dimension,
    ahead.member,
    behind.member as overtaken,
    ahead.share_before,
    ahead.share,
    behind.share_before as overtaken_share_before,
    behind.share as overtaken_share,
    coalesce(
        ahead.share_low > behind.share_high and behind.share_low_before > ahead.share_high_before,
        false
    ) as is_certain
from changes as ahead
inner join changes as behind
    on
        ahead.week_start = behind.week_start
        and ahead.basis = behind.basis
        and ahead.attribution = behind.attribution
        and ahead.dimension = behind.dimension
        and ahead.share > behind.share
        and coalesce(ahead.share_before, 0) <= behind.share_before
where
    ahead.rank <= 10
order by
    ahead.week_start, ahead.basis, ahead.attribution, ahead.dimension, ahead.member, behind.member
