-- Who sent a request: a pseudonym, or a name where names were asked for; null where nobody said it.
alter table raw.request_events add column caller varchar;
alter table raw.request_events add column team varchar;
alter table raw.request_events add column key_alias varchar;

-- One row per request of a gateway's spend log, without any text of prompts and answers.
create table raw.spend_events (
    segment_id varchar not null,
    gateway varchar not null,
    request_id varchar not null,
    call_type varchar,
    model varchar not null,
    provider varchar,
    started_at timestamptz not null,
    first_token_at timestamptz,
    ended_at timestamptz not null,
    prompt_tokens bigint not null,
    cached_tokens bigint, -- null where the log does not say it
    completion_tokens bigint not null,
    usd double not null,
    is_cache_hit boolean not null, -- the gateway answered it from its cache
    is_failure boolean not null,
    caller varchar,
    team varchar,
    key_alias varchar
);

-- One row per line of a spend log that is no request, with the reason; never its content.
create table raw.spend_rejects (
    segment_id varchar not null,
    gateway varchar not null,
    line bigint not null, -- from 1, empty lines not counted
    reason varchar not null
);
