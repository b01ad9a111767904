-- One row per model family that ever ranked: an estimate of the half-life of its share.
--
-- The half-life is the number of weeks in which the share of the platform halves once it fades. A
-- line is fitted to the logarithm of the weekly share. It starts soon after the last week at 85
-- percent of the best or more, and ends where the share comes near the cutoff of the ranking:
-- closer to it, only lucky weeks would be visible. Shares, not tokens: tokens grow with the
-- platform. The interval is that of the slope, at 95 percent, widened where neighbouring weeks err
-- alike. Fewer than five weeks, or a family that has not halved yet, give bounds only.
{% set fading = 0.85 %}
{% set above_cutoff = 1.5 %}
with cohorts as (
    select
        *,
        max(week_start) over (partition by model_family) as last_week,
        max(week_start) filter (where is_peak) over (partition by model_family) as peak_week,
        max(share_of_platform) over (partition by model_family) as peak_share,
        max(week_start) filter (where share_of_peak >= {{ fading }})
            over (partition by model_family)
            as fades_after
    from {{ ref('launch_cohorts') }}
),

ends as (
    select
        model_family,
        any_value(author_slug) as author_slug,
        any_value(launched_week) as launched_week,
        any_value(peak_week) as peak_week,
        any_value(peak_share) as peak_share,
        max(tokens) filter (where is_peak) as peak_tokens,
        any_value(fades_after) as fades_after,
        any_value(last_week) as last_week,
        bool_or(is_left_censored) as is_left_censored,
        bool_or(is_right_censored) as is_right_censored,
        min(week_start) filter (where week_start > peak_week and share_at_most <= peak_share / 2)
            as halved_week,
        min(week_start) filter (
            where week_start > fades_after
            and (days_ranked < days or share_of_platform < {{ above_cutoff }} * cutoff_share)
        ) as near_cutoff_week
    from cohorts
    group by model_family
),

points as (
    select
        cohorts.model_family,
        (cohorts.week_start - cohorts.fades_after) / 7.0 as week,
        ln(cohorts.share_of_platform) as log_share
    from cohorts
    inner join ends
        using (model_family)
    where
        -- Chance decided which weeks are the first and the last, so both are left out.
        cohorts.week_start > cohorts.fades_after + 7
        and cohorts.week_start < coalesce(ends.near_cutoff_week - 7, '9999-12-31')
        and cohorts.share_of_platform > 0
),

lines as (
    select
        model_family,
        count(*) as weeks,
        regr_slope(log_share, week) as slope,
        regr_intercept(log_share, week) as intercept,
        greatest(
            regr_syy(log_share, week) - regr_slope(log_share, week) * regr_sxy(log_share, week), 0
        )
        / regr_sxx(log_share, week) as error_squares
    from points
    group by model_family
    having count(*) >= 5
),

residuals as (
    select
        points.model_family,
        points.week,
        points.log_share - lines.intercept - lines.slope * points.week as residual
    from points
    inner join lines
        using (model_family)
),

correlations as (
    select
        model_family,
        corr(residual, previous) as correlation
    from (
        select
            model_family,
            residual,
            lag(residual) over (partition by model_family order by week) as previous
        from residuals
    ) as pairs
    group by model_family
),

degrees as (
    select
        lines.*,
        {{ effective_degrees('lines.weeks', 2, 'correlations.correlation') }} as degrees
    from lines
    inner join correlations
        using (model_family)
),

slopes as (
    select
        model_family,
        weeks,
        slope,
        sqrt(error_squares / degrees) * {{ t_95('degrees') }} as reach
    from degrees
),

estimates as (
    select
        ends.*,
        slopes.weeks as weeks_fitted,
        slopes.slope,
        slopes.reach,
        (ends.last_week - ends.fades_after) / 7 as weeks_faded,
        slopes.slope < 0 and not ends.is_right_censored as is_estimated
    from ends
    left join slopes
        using (model_family)
)

select
    model_family,
    author_slug,
    launched_week,
    peak_week,
    peak_tokens,
    peak_share,
    case when is_estimated then -ln(2) / slope end as half_life_weeks,
    case
        when is_estimated then -ln(2) / (slope - reach)
        -- After that many weeks it still has more than half of its best share.
        when is_right_censored then nullif(weeks_faded, 0)
    end as half_life_weeks_low,
    case
        when is_estimated and slope + reach < 0 then -ln(2) / (slope + reach)
        -- It fell from 85 percent or more to half or less within that many weeks.
        when not is_right_censored and weeks_fitted is null
            then (halved_week - fades_after) / 7.0 / log2({{ fading }} / 0.5)
    end as half_life_weeks_high,
    weeks_fitted,
    ((halved_week - peak_week) / 7)::integer as weeks_from_peak_to_half,
    ((last_week - peak_week) / 7)::integer as weeks_after_peak,
    is_left_censored,
    is_right_censored,
    is_left_censored or is_right_censored as is_censored,
    nullif(
        concat_ws(
            '; ',
            case
                when is_left_censored
                    then 'ranked when the data begin, so its best week may lie before them'
            end,
            case
                when is_right_censored and weeks_faded = 0 then 'has not begun to fade'
                when is_right_censored
                    then 'is not known to have halved yet, so only a lower bound is known'
                when weeks_fitted is null
                    then
                        'fewer than five whole weeks between its fading and its nearness to '
                        || 'the cutoff of the top 50'
                when slope >= 0 then 'halved, and does not fade since'
                when slope + reach >= 0 then 'fades too unevenly for an upper bound'
            end
        ),
        ''
    ) as reason
from estimates
order by model_family
