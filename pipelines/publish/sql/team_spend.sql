-- Leaves the requests of team $team in the logs of gateways: of the team that each states, else of
-- the one whose key it has, else of its caller's. A gateway is nobody's.
delete from raw.spend_events as events
where
    coalesce(
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
        ''
    ) <> $team
