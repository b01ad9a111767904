-- One row per pilot: the result file of a comparison of two servers, as it was measured.
create table raw.pilots (
    segment_id varchar not null,
    pilot_id varchar not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    result varchar not null -- JSON; docs/pilot.md has its fields
);
