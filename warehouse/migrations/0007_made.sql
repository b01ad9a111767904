-- One row per raw table that was ever filled: a number that grows with every transaction that
-- changes the table, so that a build knows what it need not make again.
create table main.table_versions (
    relation varchar primary key,
    version bigint not null
);

-- One row per table, view and held check of the last builds: a hash of what it was made from, and
-- one of what came of it.
create table main.made (
    node varchar primary key,
    relation varchar not null,
    inputs varchar not null,
    content varchar not null
);

-- One row per table of the newest generation: the hash of its content.
create table main.published (
    generation integer not null,
    relation varchar not null,
    content varchar not null
);
