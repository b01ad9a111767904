-- One row per ISO week, basis and country: tokens and share of the models of its labs.
--
-- Claims use these bases. platform, top50 and top9 are those of market_share_weekly.
-- top50_without_free leaves free listings out; top50_cloaked_later counts a cloaked model for the
-- lab that later claimed it. Only platform and top50_cloaked_later assign the unknown to either
-- side in turn; the others leave it out.
with dated as (
    select
        daily.*,
        date_trunc('week', daily.date)::date as week_start
    from {{ ref('market_tokens_daily') }} as daily
    where not daily.is_other
),

uncloaked as (
    select
        dated.week_start,
        dated.total_tokens,
        coalesce(labs.country, dated.releasing_country) as country
    from dated
    left join {{ ref('cloaked_models') }} as cloaked
        on starts_with(dated.model_base, cloaked.model_prefix)
    asof left join {{ ref('labs') }} as labs
        on
            cloaked.author_slug = labs.author_slug
            and dated.date >= labs.valid_from
),

counted as (
    select
        week_start,
        basis,
        member as country,
        tokens,
        share_low,
        share_high
    from {{ ref('market_share_weekly') }}
    where
        dimension = 'country'
        and attribution = 'releasing_lab'
    union all by name
    select
        week_start,
        'top50_without_free' as basis,
        releasing_country as country,
        sum(total_tokens)::bigint as tokens
    from dated
    where not is_free
    group by all
    union all by name
    select
        week_start,
        'top50_cloaked_later' as basis,
        country,
        sum(total_tokens)::bigint as tokens
    from uncloaked
    group by all
),

shares as (
    select
        *,
        basis in ('platform', 'top50_cloaked_later') as has_bounds,
        tokens / sum(tokens) over whole as share,
        coalesce(sum(tokens) filter (where country = 'unknown') over whole, 0)
        / sum(tokens) over whole as unknown_share
    from counted
    window whole as (partition by week_start, basis)
),

bounded as (
    select
        week_start,
        basis,
        country,
        tokens,
        share,
        has_bounds,
        coalesce(share_low, case when country = 'unknown' then 0.0 else share end) as share_low,
        coalesce(
            share_high, case when country = 'unknown' then share else share + unknown_share end
        ) as share_high
    from shares
),

compared as (
    select
        *,
        case
            when country <> 'unknown'
                then
                    rank() over (
                        partition by week_start, basis, country = 'unknown' order by tokens desc
                    )
        end as rank,
        coalesce(max(tokens) filter (where country = 'US') over whole, 0) as us_tokens,
        coalesce(max(share_low) filter (where country = 'US') over whole, 0) as us_low,
        coalesce(max(share_high) filter (where country = 'US') over whole, 0) as us_high,
        max(share_low) filter (where country <> 'unknown') over whole as first_low,
        max(share_high) filter (where country <> 'unknown') over others as next_high
    from bounded
    window
        whole as (partition by week_start, basis),
        others as (
            partition by week_start, basis
            order by tokens desc
            rows between unbounded preceding and unbounded following exclude current row
        )
),

days as (
    select
        week_start,
        count(distinct date) as days
    from dated
    group by week_start
)

select
    compared.week_start,
    compared.basis,
    compared.country,
    compared.tokens,
    compared.share,
    compared.share_low,
    compared.share_high,
    compared.rank,
    case
        when compared.country in ('US', 'unknown') then null
        when not compared.has_bounds then compared.tokens > compared.us_tokens
        when compared.share_low > compared.us_high then true
        when compared.share_high < compared.us_low then false
    end as is_above_us,
    case
        when compared.country = 'unknown' then null
        when not compared.has_bounds then compared.rank = 1
        when
            compared.share_low
            > coalesce(compared.next_high, compared.share_high - compared.share_low)
            then true
        when compared.share_high < compared.first_low then false
    end as is_first,
    days.days,
    days.days = 7 as is_whole_week
from compared
inner join days
    using (week_start)
order by compared.week_start, compared.basis, compared.tokens desc
