-- What others say about labs and models: evidence for the rows that people curate.

-- One row per content of ATOM's list and namespace on Hugging Face: the region of the organisation.
create table raw.organisation_regions (
    sha256 varchar not null,
    hugging_face_author varchar not null,
    region varchar not null,
    notes varchar
);

-- One row per content of Epoch AI's table and model. A cell may name several organisations, or
-- several countries, separated by commas.
create table raw.notable_models (
    sha256 varchar not null,
    model_name varchar not null,
    organisations varchar,
    countries varchar,
    accessibility varchar,
    published_date varchar,
    link varchar
);
