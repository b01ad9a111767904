-- One row per target, UTC day with scrapes and span of hours: the target's terms in these hours.
{{ terms_of_days(ref('target_days')) }}
