-- Leaves the requests of team $team. A request is of the team that it states, else of the one whose
-- key it has, else of its caller's, else of its target's. At a target of another team it is left
-- out, since it names that target.
delete from raw.request_events as events
where
    not coalesce(
        (select targets.team from team_targets as targets where targets.target = events.target) = $team
        or (select targets.team from team_targets as targets where targets.target = events.target) is null,
        false
    )
    or coalesce(
        case
            when events.team is not null
                then
                    coalesce(
                        (
                            select senders.team from team_senders as senders
                            where senders.kind = 'team' and senders.label = events.team
                        ), ''
                    )
        end,
        (
            select senders.team from team_senders as senders
            where senders.kind = 'key' and senders.label = events.key_alias
        ),
        (
            select senders.team from team_senders as senders
            where senders.kind = 'caller' and senders.label = events.caller
        ),
        (select targets.team from team_targets as targets where targets.target = events.target),
        ''
    ) <> $team
