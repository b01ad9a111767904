-- Quality of models as others measure it.

-- One row per content of a leaderboard, publication, category and model: its rating.
create table raw.arena_ratings (
    sha256 varchar not null,
    leaderboard varchar not null,
    is_history boolean not null,
    model_name varchar not null,
    organization varchar,
    license varchar,
    rating double not null,
    rating_lower double,
    rating_upper double,
    vote_count bigint,
    category varchar not null,
    published_date date not null
);

-- One row per fit of the index and model: its score, with the 90 % interval where there is one.
create table raw.epoch_scores (
    sha256 varchar not null,
    model_name varchar not null,
    display_name varchar,
    score double not null,
    score_low double,
    score_high double,
    released_date date,
    organization varchar,
    countries varchar,
    accessibility varchar,
    accessibility_group varchar
);
