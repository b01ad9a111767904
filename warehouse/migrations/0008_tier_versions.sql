-- Entries of the tier file with the time in which they held, and the records that say so.
--
-- What is known of an entry that is there already holds since ever. The next load writes it into the archive as a record too, so that
-- a rebuild knows it.
create table raw.tier_versions (
    section varchar not null, -- 'target', 'device_source', 'cost', 'peak', 'energy', 'slo'
    name varchar not null, -- the target, the device kind, or ''
    entry json not null,
    read_at timestamptz not null,
    origin varchar default 'file', -- 'file', 'correction', 'discovery NAME'
    valid_from timestamptz, -- null: since ever
    valid_to timestamptz, -- null: holds still
    is_correction boolean default false,
    -- What tells apart the entries of one section and name: the dtype of a peak, the address of a source of power.
    part varchar default ''
);

insert into raw.tier_versions by name
select
    *,
    case
        when section = 'peak' then coalesce(entry ->> '$.dtype', '')
        when section = 'device_source'
            then
                concat_ws(
                    ' ',
                    entry ->> '$.url',
                    nullif(array_to_string((entry -> '$.command')::varchar[], ' '), ''),
                    entry ->> '$.query'
                )
        else ''
    end as part
from raw.tier_file;

-- In place of the table before: one that is altered cannot be changed in the same transaction.
drop table raw.tier_file;
alter table raw.tier_versions rename to tier_file;

-- One row per record that was loaded: when something was known of the tier, and by whom. The versions of raw.tier_file are made from all of
-- them, in the order of their instants, whenever they come.
create table raw.tier_records (
    segment_id varchar primary key,
    stated_at timestamptz not null,
    origin varchar not null,
    is_whole boolean not null, -- entries of its origin that it does not list are gone
    holds_from timestamptz -- of a correction: null since ever
);

-- One row per entry that a record states, or that it says is gone: then `entry` and `part` are null.
create table raw.tier_statements (
    segment_id varchar not null,
    section varchar not null,
    name varchar not null,
    part varchar,
    entry varchar
);
