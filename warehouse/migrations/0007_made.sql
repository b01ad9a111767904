-- One row per raw table that was ever filled: a number that grows with every transaction that
-- changes the table, so that a build knows what it need not make again. The row `changes` numbers
-- the changes of slices.
create table main.table_versions (
    relation varchar primary key,
    version bigint not null
);

-- One row per table or group of raw tables, target and UTC day: a hash of its rows, null of raw
-- tables and where there are none any more, and the number of its last change.
create table main.slices (
    relation varchar not null,
    target varchar not null,
    day date not null,
    content hugeint,
    changed bigint not null,
    primary key (relation, target, day)
);

-- One row per table, view and held check of the last builds: a hash of what it was made from, one
-- of that part of it that no slice tells apart, one of what came of it, the number up to which it
-- has seen changes of slices, and the columns that name a slice of it, none where it has none.
create table main.made (
    node varchar primary key,
    relation varchar not null,
    inputs varchar not null,
    base varchar not null,
    content varchar not null,
    seen bigint not null,
    slice varchar[] not null
);

-- One row per table of the newest generation: the hashes that it has in main.made, and the number
-- of the last change of slices that it holds.
create table main.published (
    generation integer not null,
    relation varchar not null,
    content varchar not null,
    base varchar not null,
    changed bigint not null
);
