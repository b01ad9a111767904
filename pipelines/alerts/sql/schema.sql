-- Alerts and notifications of a home. An instant is a text in ISO 8601, UTC, so that texts sort as instants.
create table if not exists alerts (
    alert_id integer primary key,
    rule text not null,
    kind text not null,
    subject text not null,
    state text not null,
    text text not null,
    value real,
    threshold real,
    unit text,
    since text,
    origin text not null,
    generation integer,
    opened_at text not null,
    closed_at text,
    close_text text
);
-- One condition cannot fire twice at a time.
create unique index if not exists firing_alerts on alerts (rule, subject) where closed_at is null;
create table if not exists notifications (
    notification_id text primary key,
    receiver text not null,
    body text not null,
    created_at text not null,
    attempts integer not null,
    next_attempt_at text not null,
    last_error text,
    sent_at text,
    given_up_at text
);
-- What an older version noted here is in the published table claim_verdicts.
drop table if exists verdicts;
create table if not exists checks (
    only_row integer primary key,
    published_at text not null,
    checked_at text not null
)
