-- One row per request that began on a UTC day, in a fixed order: the same log gives the same bytes.
select
    getvariable('gateway') as gateway,
    null::bigint as line,
    lines.request_id,
    lines.call_type,
    lines.model,
    lines.provider,
    lines.started_at,
    lines.first_token_at,
    lines.ended_at,
    lines.prompt_tokens,
    lines.cached_tokens,
    lines.completion_tokens,
    lines.usd,
    lines.is_cache_hit,
    lines.is_failure,
    callers.label as caller,
    teams.label as team,
    coalesce(aliases.label, keys.label) as key_alias,
    null::varchar as reason
from lines
left join labels as callers
    on
        lines.caller = callers.name
        and callers.kind = 'caller'
left join labels as teams
    on
        lines.team = teams.name
        and teams.kind = 'team'
left join labels as aliases
    on
        lines.key_name = aliases.name
        and aliases.kind = 'key'
-- A key without an alias has no name to show: its hash is hidden in any case.
left join labels as keys
    on
        lines.api_key = keys.name
        and keys.kind = 'hidden key'
where
    lines.reason is null
    and lines.started_at >= getvariable('day')
    and lines.started_at < getvariable('day')::date + 1
order by lines.started_at, lines.request_id, lines.line
