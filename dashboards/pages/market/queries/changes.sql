-- One row per member, the largest first: its tokens and its share of the whole weeks of the period and
-- of as many weeks before, and their change. A change is known if each of these weeks is whole and has
-- the member.
with asked as (
    select
        member, week_start, tokens, week_start >= $first as is_now,
        sum(tokens) over (partition by week_start) as all_tokens
    from market_share_weekly
    where
        basis = $basis and attribution = $attribution and dimension = $dimension and is_whole_week
        and week_start >= $first - 7 * $weeks and week_start + 6 <= $last
),

totals as (
    select
        sum(all_tokens) filter (where is_now) as tokens, count(*) filter (where is_now) as weeks,
        sum(all_tokens) filter (where not is_now) as tokens_before, count(*) filter (where not is_now) as weeks_before
    from (select distinct week_start, is_now, all_tokens from asked)
),

members as (
    select
        member,
        sum(tokens) filter (where is_now)::bigint as tokens, count(*) filter (where is_now) as weeks,
        sum(tokens) filter (where not is_now)::bigint as tokens_before, count(*) filter (where not is_now) as weeks_before
    from asked
    group by member
)

select
    members.member, members.tokens, members.tokens / totals.tokens as share,
    case when totals.weeks_before = $weeks then members.tokens_before end as tokens_before,
    case when totals.weeks_before = $weeks then members.tokens_before / totals.tokens_before end as share_before,
    case
        when totals.weeks = $weeks and totals.weeks_before = $weeks and members.weeks = $weeks and members.weeks_before = $weeks
            then members.tokens / members.tokens_before - 1
    end as change_ratio,
    case
        when totals.weeks < $weeks then ($weeks - totals.weeks) || ' weeks of the period are not known whole'
        when totals.weeks_before < $weeks then ($weeks - totals.weeks_before) || ' weeks before it are not known whole'
        when members.weeks < $weeks then 'below the cutoff in ' || ($weeks - members.weeks) || ' weeks'
        when members.weeks_before < $weeks then 'below the cutoff in ' || ($weeks - members.weeks_before) || ' weeks before'
    end as reason,
    $dimension as dimension, $basis as basis, $attribution as attribution
from members
cross join totals
where members.tokens is not null
order by members.member = 'unknown', members.tokens desc
limit 60
