-- One row per ISO week, basis, attribution, dimension and member: tokens and share.
--
-- A share names its denominator: `platform` is all traffic, `top50` the named models of each day,
-- `top9` the nine largest models of the week. What cannot be attributed is the member `unknown`: on
-- `platform` all of `other`, and everywhere the cloaked models and authors whose lab, country or
-- weights are not known, and models of unknown size. share_low: none of the unknown belongs to this member; share_high: all of
-- it does.
with daily as (
    select
        daily.*,
        date_trunc('week', daily.date)::date as week_start,
        days.is_other_missing
    from {{ ref('market_tokens_daily') }} as daily
    inner join {{ ref('market_days') }} as days
        using (date)
),

weekly as (
    select
        week_start,
        model_permaslug,
        is_other,
        any_value(author_slug) as author_slug,
        any_value(model_family) as model_family,
        price_class,
        base_author_slug,
        releasing_lab,
        releasing_country,
        base_lab,
        base_country,
        weights,
        size_band,
        sum(total_tokens)::bigint as tokens
    from daily
    group by all
),

largest as (
    select
        week_start,
        model_permaslug
    from weekly
    where not is_other
    group by week_start, model_permaslug
    qualify
        row_number() over (partition by week_start order by sum(tokens) desc, model_permaslug) <= 9
),

with_basis as (
    select
        'platform' as basis,
        weekly.*
    from weekly
    union all
    select
        'top50' as basis,
        weekly.*
    from weekly
    where not weekly.is_other
    union all
    select
        'top9' as basis,
        weekly.*
    from weekly
    inner join largest
        using (week_start, model_permaslug)
),

members as (
    select
        with_basis.week_start,
        with_basis.basis,
        member.attribution,
        member.dimension,
        case when with_basis.is_other then 'unknown' else coalesce(member.member, 'unknown') end
            as member,
        sum(with_basis.tokens)::bigint as tokens
    from with_basis,
        lateral (
            values
            (
                'releasing_lab',
                'author',
                case when with_basis.releasing_lab <> 'unknown' then with_basis.author_slug end
            ),
            (
                'base_lab',
                'author',
                case when with_basis.base_lab <> 'unknown' then with_basis.base_author_slug end
            ),
            ('releasing_lab', 'country', with_basis.releasing_country),
            ('base_lab', 'country', with_basis.base_country),
            ('releasing_lab', 'weights', with_basis.weights),
            ('base_lab', 'weights', with_basis.weights),
            ('releasing_lab', 'family', with_basis.model_family),
            ('base_lab', 'family', with_basis.model_family),
            ('releasing_lab', 'price_class', with_basis.price_class),
            ('base_lab', 'price_class', with_basis.price_class),
            ('releasing_lab', 'size', with_basis.size_band),
            ('base_lab', 'size', with_basis.size_band)
        ) as member (attribution, dimension, member)
    group by all
),

days as (
    select
        week_start,
        count(distinct date) as days,
        bool_or(is_other_missing) as has_unknown_tail
    from daily
    group by week_start
),

totals as (
    select
        *,
        sum(tokens) over whole as total_tokens,
        coalesce(sum(tokens) filter (where member = 'unknown') over whole, 0) as unknown_tokens
    from members
    window whole as (partition by week_start, basis, attribution, dimension)
)

select
    totals.week_start,
    totals.basis,
    totals.attribution,
    totals.dimension,
    totals.member,
    totals.tokens,
    totals.tokens / totals.total_tokens as share,
    -- A day without `other` hides how much more the platform served, and whose it was, so its
    -- shares have no bound.
    case
        when totals.member = 'unknown' or (totals.basis = 'platform' and days.has_unknown_tail)
            then 0.0
        else totals.tokens / totals.total_tokens
    end as share_low,
    case
        when totals.basis = 'platform' and days.has_unknown_tail then 1.0
        when totals.member = 'unknown' then totals.tokens / totals.total_tokens
        else (totals.tokens + totals.unknown_tokens) / totals.total_tokens
    end as share_high,
    case
        when totals.member <> 'unknown'
            then
                rank() over (
                    partition by
                        totals.week_start,
                        totals.basis,
                        totals.attribution,
                        totals.dimension,
                        totals.member = 'unknown'
                    order by totals.tokens desc
                )
    end as rank,
    days.days,
    days.days = 7 as is_whole_week
from totals
inner join days
    using (week_start)
order by totals.week_start, totals.basis, totals.attribution, totals.dimension, totals.tokens desc
