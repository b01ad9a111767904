-- Adds an alert that begins to fire.
insert into alerts (
    rule, kind, subject, state, text, value, threshold, unit, since, origin, generation, opened_at
)
values (
    :rule, :kind, :subject, 'firing', :text, :value, :threshold, :unit, :since, :origin, :generation,
    :opened_at
)
