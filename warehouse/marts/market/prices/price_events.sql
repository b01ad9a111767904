-- One row per UTC day, model id and kind of price: a price change, and the model's share around it.
--
-- Elasticity: the percent by which the share changed for each percent of price change. One line
-- with a step at the change is fitted to the logarithm of the daily share over the 28 days before
-- and the 28 after, so that a model that was fading anyway does not count as one that lost by its
-- price. The interval is that of the step, at 95 percent, from the daily noise of both windows,
-- widened where neighbouring days err alike. This is correlation, not cause: is_confounded shows
-- what else happened.
{% set window_days = 28 %}
with changes as (
    select
        *,
        previous_date - {{ window_days - 1 }} as first_date,
        date + {{ window_days - 1 }} as last_date
    from {{ ref('price_changes') }}
),

shares as (
    select
        daily.date,
        models.model_id,
        any_value(models.model_family) as model_family,
        any_value(models.author_slug) as author_slug,
        min(models.first_ranked_date) as first_ranked_date,
        sum(daily.total_tokens)::bigint as tokens,
        ln(sum(daily.share_of_platform)) as log_share
    from {{ ref('market_tokens_daily') }} as daily
    inner join {{ ref('models') }} as models
        using (model_permaslug)
    where
        models.model_id is not null
        and daily.total_tokens > 0
    group by daily.date, models.model_id
),

points as (
    select
        changes.date,
        changes.model_id,
        changes.kind,
        shares.date as day,
        shares.tokens,
        shares.log_share,
        shares.date >= changes.date as is_after,
        (shares.date - changes.date)::double as x
    from changes
    inner join shares
        on
            changes.model_id = shares.model_id
            and shares.date between changes.first_date and changes.last_date
            and (changes.previous_date >= shares.date or changes.date <= shares.date)
),

-- One side of a change.
sides as (
    select
        date,
        model_id,
        kind,
        is_after,
        sum(tokens)::bigint as tokens,
        count(*) as ranked_days,
        count(log_share) as days,
        regr_avgx(log_share, x) as mean_x,
        regr_avgy(log_share, x) as mean_y,
        regr_sxx(log_share, x) as sxx,
        regr_sxy(log_share, x) as sxy,
        regr_syy(log_share, x) as syy
    from points
    group by all
),

both_sides as (
    select
        date,
        model_id,
        kind,
        max(tokens) filter (where not is_after) as tokens_before,
        max(tokens) filter (where is_after) as tokens_after,
        coalesce(max(ranked_days) filter (where not is_after), 0) as days_before,
        coalesce(max(ranked_days) filter (where is_after), 0) as days_after,
        min(days) as min_days,
        sum(days) as days,
        sum(1.0 / nullif(days, 0)) as inverse_days,
        sum(sxx) as sxx,
        sum(syy) as syy,
        sum(sxy) / nullif(sum(sxx), 0) as trend,
        max(mean_x) filter (where is_after) - max(mean_x) filter (where not is_after) as distance,
        max(mean_y) filter (where is_after) - max(mean_y) filter (where not is_after) as difference,
        max(mean_x) filter (where is_after) as mean_x_after,
        max(mean_x) filter (where not is_after) as mean_x_before,
        max(mean_y) filter (where is_after) as mean_y_after,
        max(mean_y) filter (where not is_after) as mean_y_before
    from sides
    group by date, model_id, kind
),

correlations as (
    select
        date,
        model_id,
        kind,
        corr(residual, previous) as correlation
    from (
        select
            points.date,
            points.model_id,
            points.kind,
            case
                when points.is_after
                    then
                        points.log_share
                        - fits.mean_y_after
                        - fits.trend * (points.x - fits.mean_x_after)
                else
                    points.log_share
                    - fits.mean_y_before
                    - fits.trend * (points.x - fits.mean_x_before)
            end as residual,
            lag(residual)
                over (partition by points.date, points.model_id, points.kind order by points.day)
                as previous
        from points
        inner join both_sides as fits
            using (date, model_id, kind)
    ) as pairs
    group by date, model_id, kind
),

degrees as (
    select
        fits.*,
        greatest(fits.syy - fits.trend * fits.trend * fits.sxx, 0)
        * (fits.inverse_days + fits.distance * fits.distance / fits.sxx) as error_squares,
        {{ effective_degrees('fits.days', 3, 'correlations.correlation') }} as degrees
    from both_sides as fits
    left join correlations
        using (date, model_id, kind)
    where fits.min_days >= {{ window_days // 2 }}
),

steps as (
    select
        *,
        difference - trend * distance as step,
        sqrt(error_squares / degrees) * {{ t_95('degrees') }} as reach
    from degrees
),

ranked as (
    select
        model_id,
        any_value(model_family) as model_family,
        any_value(author_slug) as author_slug,
        min(first_ranked_date) as first_ranked_date
    from shares
    group by model_id
),

-- Other models of the family or the lab that appeared or left within the windows.
others as (
    select
        changes.date,
        changes.model_id,
        changes.kind,
        min(models.model_permaslug) filter (where models.model_family = ranked.model_family)
            as sibling,
        min(models.model_permaslug) filter (
            where models.model_family <> ranked.model_family
            and models.first_ranked_date between changes.first_date and changes.last_date
        ) as launch_of_author
    from changes
    inner join ranked
        using (model_id)
    inner join {{ ref('models') }} as models
        on
            ranked.author_slug = models.author_slug
            and (
                models.first_ranked_date between changes.first_date and changes.last_date
                or (
                    models.last_ranked_date between changes.first_date and changes.last_date
                    and models.last_ranked_date
                    < (select max(days.date) from {{ ref('market_days') }} as days)
                )
            )
            and models.model_id is distinct from changes.model_id
    group by all
),

neighbours as (
    select
        date,
        model_id,
        kind,
        lag(date) over change_order >= first_date
        or lead(previous_date) over change_order < last_date as has_another_change
    from changes
    window change_order as (partition by model_id, kind order by date)
),

with_reasons as (
    select
        changes.*,
        cited.licence,
        cited.citation,
        steps.step,
        steps.reach,
        fits.tokens_before,
        fits.tokens_after,
        coalesce(fits.days_before, 0) as days_before,
        coalesce(fits.days_after, 0) as days_after,
        nullif(
            concat_ws(
                '; ',
                case
                    when changes.date - changes.previous_date > 7
                        then 'the day of the change is not known to within a week'
                end,
                case when neighbours.has_another_change then 'another change of the price' end,
                case
                    when others.sibling is not null
                        then 'another listing of the family came or went: ' || others.sibling
                end,
                case
                    when others.launch_of_author is not null
                        then 'the author launched ' || others.launch_of_author
                end,
                case
                    when ranked.first_ranked_date > changes.first_date - 7 then 'its own launch'
                end,
                case
                    when fits.days_before < {{ window_days }} or fits.days_after < {{ window_days }}
                        then 'days on which the model did not rank or the source had none'
                end
            ),
            ''
        ) as confounders,
        case
            when ranked.model_id is null then 'the model never ranked'
            when changes.log_ratio is null
                then 'from or to a price of nothing, or by nothing on balance, so there is no ratio'
            when steps.step is null
                then 'fewer than {{ window_days // 2 }} days on one side of the change'
        end as missing
    from changes
    left join both_sides as fits
        using (date, model_id, kind)
    left join steps
        using (date, model_id, kind)
    left join neighbours
        using (date, model_id, kind)
    left join others
        using (date, model_id, kind)
    left join ranked
        using (model_id)
    left join {{ ref('price_sources') }} as cited
        using (source)
)

select
    date,
    model_id,
    kind,
    previous_date,
    previous_prompt_usd_per_mtok as old_prompt_usd_per_mtok,
    prompt_usd_per_mtok as new_prompt_usd_per_mtok,
    previous_completion_usd_per_mtok as old_completion_usd_per_mtok,
    completion_usd_per_mtok as new_completion_usd_per_mtok,
    (blended_usd_per_mtok / nullif(previous_blended_usd_per_mtok, 0) - 1)::double as change_ratio,
    tokens_before,
    tokens_after,
    days_before / 7 as weeks_before,
    days_after / 7 as weeks_after,
    case when missing is null then exp(step) - 1 end as share_change_ratio,
    case when missing is null then step / log_ratio end as elasticity,
    case when missing is null then step / log_ratio - reach / abs(log_ratio) end as elasticity_low,
    case when missing is null then step / log_ratio + reach / abs(log_ratio) end as elasticity_high,
    confounders is not null as is_confounded,
    nullif(concat_ws('; ', missing, confounders), '') as reason,
    source,
    confidence,
    licence,
    citation,
    origin,
    answer_sha256
from with_reasons
order by date, model_id, kind
