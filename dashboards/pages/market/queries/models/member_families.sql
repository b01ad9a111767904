-- One row per model family of a member, the largest first: its named tokens in the period and in the
-- period before, and their change. A change is known if both periods are, and if the family was among
-- the named models on each of their days.
with named as (
    select
        date, model_family, total_tokens,
        case
            when $dimension = 'author' and $attribution = 'base_lab' then if(base_lab <> 'unknown', base_author_slug, null)
            when $dimension = 'author' then if(releasing_lab <> 'unknown', author_slug, null)
            when $dimension = 'country' and $attribution = 'base_lab' then base_country
            when $dimension = 'country' then releasing_country
            when $dimension = 'weights' then weights
            when $dimension = 'price_class' then price_class
            when $dimension = 'size' then size_band
            else model_family
        end as member
    from market_tokens_daily
    where not is_other and date between $before_first and $last
),

days as (
    select count(*) filter (where date >= $first) as days, count(*) filter (where date < $first) as days_before
    from market_days
    where not is_missing and date between $before_first and $last
),

families as (
    select
        model_family,
        sum(total_tokens) filter (where date >= $first)::bigint as tokens,
        count(distinct date) filter (where date >= $first) as days_named,
        sum(total_tokens) filter (where date < $first)::bigint as tokens_before,
        count(distinct date) filter (where date < $first) as days_named_before
    from named
    where coalesce(member, 'unknown') = $member
    group by model_family
)

select
    model_family, tokens, tokens / sum(tokens) over () as share_of_member, days_named,
    case when days_before = $days then tokens_before end as tokens_before,
    case when days = $days and days_before = $days and days_named = $days and days_named_before = $days then tokens / tokens_before - 1 end
        as change_ratio,
    case
        when days < $days then ($days - days) || ' days of the period are not known'
        when days_before < $days then ($days - days_before) || ' days of the period before are not known'
        when days_named < $days then 'below the cutoff on ' || ($days - days_named) || ' days'
        when days_named_before < $days then 'below the cutoff on ' || ($days - days_named_before) || ' days before'
    end as reason
from families
cross join days
where tokens is not null
order by tokens desc, model_family
limit 60
