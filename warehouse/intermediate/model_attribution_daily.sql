-- One row per model and UTC day on which it ranked: its lab, base model, country and openness.
--
-- What is not known stays `unknown`. The curated row with the longest matching prefix wins, and
-- among those the one valid from the latest day. Next, a repository in the catalogue makes a model
-- open. Last, the author's usual policy counts, unless it is mixed.
with ranked as (
    select distinct
        rankings.date,
        ranking_rows.model_permaslug,
        ranking_rows.model_base,
        ranking_rows.author_slug
    from {{ ref('ranking_day_versions') }} as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where not ranking_rows.is_other
),

rules as (
    select
        ranked.date,
        ranked.model_permaslug,
        rules.base_author_slug,
        rules.weights,
        rules.is_text_model
    from ranked
    inner join {{ ref('model_attribution') }} as rules
        on
            starts_with(ranked.model_base, rules.model_prefix)
            and ranked.date >= rules.valid_from
    qualify
        row_number() over (
            partition by ranked.date, ranked.model_permaslug
            order by length(rules.model_prefix) desc, rules.valid_from desc
        ) = 1
),

-- Rankings name most models by their slug, some by their id.
named_entries as (
    select
        canonical_slug as model_base,
        hugging_face_id,
        output_modalities
    from {{ ref('stg_openrouter__models') }}
    union all
    select
        model_id_base as model_base,
        hugging_face_id,
        output_modalities
    from {{ ref('stg_openrouter__models') }}
    where model_id_base is distinct from canonical_slug
),

catalogue as (
    select
        model_base,
        bool_or(hugging_face_id is not null) as is_downloadable,
        -- Null where the catalogue does not list the output modalities.
        bool_or(contains(output_modalities, '"text"')) as is_text_model
    from named_entries
    group by model_base
),

-- A lab may move or change its policy, so the row valid on that day is used.
attributed as (
    select
        ranked.*,
        releasing.lab as releasing_lab,
        releasing.country as releasing_country,
        releasing.weights_policy,
        rules.weights,
        coalesce(catalogue.is_downloadable, false) as is_downloadable,
        coalesce(rules.is_text_model, catalogue.is_text_model, true) as is_text_model,
        coalesce(rules.base_author_slug, ranked.author_slug) as base_author_slug
    from ranked
    asof left join {{ ref('labs') }} as releasing
        on
            ranked.author_slug = releasing.author_slug
            and ranked.date >= releasing.valid_from
    left join rules
        using (date, model_permaslug)
    left join catalogue
        using (model_base)
)

select
    attributed.date,
    attributed.model_permaslug,
    attributed.author_slug,
    attributed.base_author_slug,
    attributed.is_text_model,
    coalesce(attributed.releasing_lab, 'unknown') as releasing_lab,
    coalesce(attributed.releasing_country, 'unknown') as releasing_country,
    coalesce(base.lab, 'unknown') as base_lab,
    coalesce(base.country, 'unknown') as base_country,
    case
        when attributed.weights is not null then attributed.weights
        when attributed.is_downloadable then 'open'
        when attributed.weights_policy in ('open', 'closed') then attributed.weights_policy
        else 'unknown'
    end as weights,
    case
        when attributed.weights = 'unknown' then 'unknown'
        when attributed.weights is not null then 'curated'
        when attributed.is_downloadable then 'repository'
        when attributed.weights_policy in ('open', 'closed') then 'policy of the lab'
        else 'unknown'
    end as weights_ground
from attributed
asof left join {{ ref('labs') }} as base
    on
        attributed.base_author_slug = base.author_slug
        and attributed.date >= base.valid_from
