-- One row per alert: those that fire, or all, the newest first.
select
    alert_id,
    rule,
    kind,
    subject,
    state,
    text,
    value,
    threshold,
    unit,
    since,
    origin,
    generation,
    opened_at,
    closed_at,
    close_text
from alerts
where closed_at is null or :with_closed
order by opened_at desc, alert_id desc
