-- One row per ISO week, basis, attribution, dimension, member and overtaken: the member passed the other since the whole week before,
-- in which it was behind or level.
--
-- Pairs in which one is among the ten largest. A member that was not there the week before was below the cutoff, so it is behind all that
-- were, and its share then is null.
with shares as (
    select shares.*
    from {{ ref('market_share_weekly') }} as shares
    inner join {{ ref('market_weeks') }}
        using (week_start)
    where
        shares.dimension in ('author', 'country', 'weights', 'family')
        and shares.member <> 'unknown'
),

moved as (
    select
        now_shares.*,
        before.share as share_before,
        before.share_high as share_high_before,
        before.share_low as share_low_before
    from shares as now_shares
    left join shares as before
        on
            now_shares.week_start = before.week_start + 7
            and now_shares.basis = before.basis
            and now_shares.attribution = before.attribution
            and now_shares.dimension = before.dimension
            and now_shares.member = before.member
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
    coalesce(ahead.share_low > behind.share_high and behind.share_low_before > ahead.share_high_before, false) as is_certain
from moved as ahead
inner join moved as behind
    on
        ahead.week_start = behind.week_start
        and ahead.basis = behind.basis
        and ahead.attribution = behind.attribution
        and ahead.dimension = behind.dimension
        and ahead.share > behind.share
        and coalesce(ahead.share_before, 0) <= behind.share_before
where
    ahead.rank <= 10
order by ahead.week_start, ahead.basis, ahead.attribution, ahead.dimension, ahead.member, behind.member
