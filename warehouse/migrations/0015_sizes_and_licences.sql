-- One row per content of ATOM's list and repository on Hugging Face: total and active parameters.
create table raw.model_parameters (
    sha256 varchar not null,
    hugging_face_id varchar not null,
    total_parameters bigint not null,
    active_parameters bigint,
    is_mixture_of_experts boolean,
    notes varchar
);

-- The licence that a repository of the Hub states in its tag `license:`; null where it states none, and of
-- pages that were loaded before.
alter table raw.hub_models add column licence varchar;
