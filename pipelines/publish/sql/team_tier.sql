-- Leaves of the tier file the targets of team $team, their devices, and costs and peaks of these
-- kinds of devices. A cluster is left where its patterns match targets, all of them the team's.
-- Objectives and the price of energy are everybody's. Where the team has its own file of costs
-- ($has_costs), those of the tier file do not count.
delete from raw.tier_file
where
    not case section
        when 'target' then name in (select target from team_targets where team = $team)
        when 'device_source' then name in (select target from team_targets where team = $team)
        when 'cost'
            then not $has_costs and name in (select device_kind from team_targets where team = $team)
        when 'peak' then name in (select device_kind from team_targets where team = $team)
        when 'cluster'
            then coalesce((
                select list(distinct coalesce(targets.team, ''))
                from (select unnest(entry ->> '$.targets[*]') as pattern) as members
                left join team_targets as targets on targets.target glob members.pattern
            ) = [$team], false)
        when 'energy' then not $has_costs
        when 'slo' then true
        else false
    end
