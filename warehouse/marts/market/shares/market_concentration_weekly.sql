-- One row per ISO week and basis: concentration of the market among authors.
--
-- HHI is the sum of squared shares (0..1), CR4 the sum of the four largest. The unknown counts as
-- many small ones in hhi and cr4, and as the leader's in hhi_high and cr4_high.
with ranked as (
    select
        *,
        share_high - share as unknown_share,
        row_number() over (partition by week_start, basis order by tokens desc, member) as position
    from {{ ref('market_share_weekly') }}
    where
        attribution = 'releasing_lab'
        and dimension = 'author'
        and member <> 'unknown'
)

select
    week_start,
    basis,
    sum(share * share) as hhi,
    least(sum(case when position = 1 then share_high * share_high else share * share end), 1)
        as hhi_high,
    sum(share) filter (where position <= 4) as cr4,
    least(sum(case when position = 1 then share_high when position <= 4 then share end), 1)
        as cr4_high,
    any_value(member) filter (where position = 1) as leader,
    any_value(share) filter (where position = 1) as leader_share,
    -- The lead is certain if the unknown could not change it, whoever it belongs to: the second, or
    -- an unseen member.
    any_value(share_low) filter (where position = 1)
    > coalesce(
        any_value(share_high) filter (where position = 2),
        any_value(unknown_share) filter (where position = 1)
    ) as is_lead_certain,
    any_value(is_whole_week) as is_whole_week
from ranked
group by week_start, basis
order by week_start, basis
