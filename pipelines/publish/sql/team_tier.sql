-- Leaves of the tier file the targets of team $team, their devices, and costs and peaks of these
-- kinds of devices. Objectives and the price of energy are everybody's. With a file of costs of its
-- own ($has_costs) those of the tier file do not count.
delete from raw.tier_file
where
    not case section
        when 'target' then name in (select target from team_targets where team = $team)
        when 'device_source' then name in (select target from team_targets where team = $team)
        when 'cost'
            then not $has_costs and name in (select device_kind from team_targets where team = $team)
        when 'peak' then name in (select device_kind from team_targets where team = $team)
        when 'energy' then not $has_costs
        when 'slo' then true
        else false
    end
