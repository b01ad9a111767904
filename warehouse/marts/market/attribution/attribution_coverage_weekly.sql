-- One row per ISO week, field and ground: the tokens of named models whose field rests on it.
with fields as (
    select
        date_trunc('week', daily.date)::date as week_start,
        daily.total_tokens,
        field.field,
        field.ground
    from {{ ref('market_tokens_daily') }} as daily
    inner join {{ ref('model_attribution_daily') }} as attribution
        using (date, model_permaslug),
        lateral (
            values
            (
                'country',
                case when daily.releasing_country = 'unknown' then 'unknown' else 'curated' end
            ),
            ('lab', case when daily.releasing_lab = 'unknown' then 'unknown' else 'curated' end),
            ('weights', attribution.weights_ground)
        ) as field (field, ground)
    where not daily.is_other
)

select
    week_start,
    field,
    ground,
    sum(total_tokens)::bigint as tokens,
    sum(total_tokens) / sum(sum(total_tokens)) over (partition by week_start, field) as share
from fields
group by week_start, field, ground
order by week_start, field, ground
