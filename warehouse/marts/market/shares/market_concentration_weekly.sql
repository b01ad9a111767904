-- One row per ISO week and basis: how concentrated the market is among releasing labs' authors.
--
-- HHI is the sum of squared shares (0..1), CR4 the sum of the four largest. What is unknown counts as many small ones in hhi and cr4,
-- and as the leader's in hhi_high and cr4_high.
with ranked as (
    select
        *,
        share_high - share as unknown_share,
        row_number() over (partition by week_start, basis order by tokens desc, member) as place
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
    least(sum(case when place = 1 then share_high * share_high else share * share end), 1) as hhi_high,
    sum(share) filter (where place <= 4) as cr4,
    least(sum(case when place = 1 then share_high when place <= 4 then share end), 1) as cr4_high,
    any_value(member) filter (where place = 1) as leader,
    any_value(share) filter (where place = 1) as leader_share,
    -- The lead is certain if the unknown could not change it, whoever it belonged to: the second, or somebody not seen.
    any_value(share_low) filter (where place = 1)
    > coalesce(any_value(share_high) filter (where place = 2), any_value(unknown_share) filter (where place = 1)) as is_lead_certain,
    any_value(is_whole_week) as is_whole_week
from ranked
group by week_start, basis
order by week_start, basis
