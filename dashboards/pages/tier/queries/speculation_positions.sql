-- One row per position within a draft, service or target, and model: the share of the tokens drafted there
-- that were accepted, in the newest hour of each. A server that does not count how many drafts reached a
-- position is counted as if all had: then the share is at least this. Counts of replicas add up.
with hours as (
    select
        if($by = 'target', target, service) || ' · ' || model_name as series, hour_at, drafts, accepted_tokens_by_position as accepted,
        draft_tokens_by_position as drafted
    from speculation_hourly
    where
        ($service = '' or service = $service) and ($target = '' or target = $target)
        and (len($drawn) = 0 or list_contains($drawn, if($by = 'target', target, service)))
        and ($model = '' or model_name = $model) and accepted_tokens_by_position is not null
        and (drafts is not null or draft_tokens_by_position is not null)
    qualify hour_at = max(hour_at) over (partition by series)
),

places as (
    select series, hour_at, drafts, drafted, unnest(range(1, len(accepted) + 1)) as place, unnest(accepted) as accepted_tokens
    from hours
)

select
    series, hour_at, place, sum(accepted_tokens)::bigint as accepted_tokens, sum(coalesce(drafted[place], drafts))::bigint as draft_tokens,
    sum(accepted_tokens) / nullif(sum(coalesce(drafted[place], drafts)), 0) as accepted_share, bool_or(drafted is null) as is_bound
from places
group by all
order by series, place
