-- One row per measure and model name: its maker, country and weights, and its id in the market.
--
-- A name is looked up whole, then without what says how hard the model was let think, without its
-- date, without both, and last without `-preview`, which is probable only. The first of these that
-- fits any id decides; where it fits several, the month of the date may choose one of them, and else
-- the name stays open. A maker that is known restricts the ids to its own.
with named as (
    select
        measure,
        model_name,
        arg_max(display_name, version_date) as display_name,
        arg_max(organization, version_date) as organization,
        arg_max(license, version_date) as license,
        arg_max(countries, version_date) as countries,
        arg_max(accessibility, version_date) as accessibility,
        max(version_date) as last_version_date,
        {{ slug_of_name('model_name') }} as slug
    from {{ ref('quality_scores') }}
    group by measure, model_name
),

made as (
    select
        named.*,
        organizations.lab,
        organizations.country as lab_country,
        {{ slug_without_effort('named.slug') }} as plain_slug,
        nullif(
            regexp_extract(
                {{ slug_of_name('named.display_name') }}, {{ effort_ending() }}
            ),
            ''
        ) as effort_ending
    from named
    left join {{ ref('quality_organizations') }} as organizations
        on
            regexp_replace(
                lower(split_part(named.organization, ',', 1)), '[^a-z0-9]', '', 'g'
            ) = organizations.organization
),

steps as (
    select
        made.measure,
        made.model_name,
        made.lab,
        step.priority,
        step.resolved_by,
        step.kind,
        step.words,
        {{ month_of_slug('made.plain_slug') }} as month
    from made,
        lateral (
            values
            (1, 'name', 'whole', {{ words_of_slug('made.slug') }}),
            (2, 'effort', 'whole', {{ words_of_slug('made.plain_slug') }}),
            (3, 'date', 'undated', {{ words_of_slug(slug_without_date('made.slug')) }}),
            (4, 'effort and date', 'undated', {{ words_of_slug(slug_without_date('made.plain_slug')) }}),
            (
                5,
                'preview',
                'final',
                {{ words_of_slug(slug_without_date(slug_without_preview('made.plain_slug'))) }}
            )
        ) as step (priority, resolved_by, kind, words)
),

authors as (
    select distinct
        author_slug,
        lab
    from {{ ref('labs') }}
),

candidates as (
    select distinct
        steps.measure,
        steps.model_name,
        steps.priority,
        steps.resolved_by,
        names.model_id,
        names.author_slug,
        coalesce(names.month = steps.month, false) as has_month
    from steps
    inner join {{ ref('catalogue_names') }} as names
        on
            steps.words = case steps.kind
                when 'whole' then names.words
                when 'undated' then names.undated_words
                else names.final_words
            end
    left join authors
        on names.author_slug = authors.author_slug
    where
        steps.words <> ''
        and (steps.lab is null or authors.lab is not distinct from steps.lab)
    qualify
        rank() over (partition by steps.measure, steps.model_name order by steps.priority) = 1
),

chosen as (
    select
        measure,
        model_name,
        any_value(resolved_by) as resolved_by,
        count(distinct model_id) as candidates,
        case
            when count(distinct model_id) = 1 then any_value(model_id)
            when count(distinct model_id) filter (where has_month) = 1
                then any_value(model_id) filter (where has_month)
        end as model_id
    from candidates
    group by measure, model_name
),

attributed as (
    select
        split_part(model_permaslug, ':', 1) as model_base,
        arg_max(weights, date) as weights
    from {{ ref('model_attribution_daily') }}
    group by model_base
),

weights_of_ids as (
    select
        ids.model_id_base as model_id,
        max(attributed.weights) filter (where attributed.weights <> 'unknown') as weights,
        bool_or(ids.hugging_face_id is not null) as is_downloadable
    from {{ ref('catalogue_ids') }} as ids
    left join attributed
        on ids.canonical_slug = attributed.model_base or ids.model_id_base = attributed.model_base
    group by ids.model_id_base
),

labs as (
    select
        author_slug,
        arg_max(lab, valid_from) as lab,
        arg_max(country, valid_from) as country,
        arg_max(weights_policy, valid_from) as weights_policy
    from {{ ref('labs') }}
    group by author_slug
),

makers as (
    select
        lab,
        any_value(country) as country,
        case when count(distinct weights_policy) = 1 then any_value(weights_policy) end
            as weights_policy
    from labs
    where lab <> 'unknown'
    group by lab
)

select
    made.measure,
    made.model_name,
    made.display_name,
    made.organization,
    made.last_version_date,
    -- A name that ends in `max` says so of its size, unless it is found without it.
    case
        when
            made.effort_ending <> '-max'
            or chosen.model_id is not null and starts_with(chosen.resolved_by, 'effort')
            then ltrim(made.effort_ending, '-')
    end as effort,
    chosen.model_id,
    coalesce(chosen.candidates, 0)::integer as candidates,
    case
        when chosen.model_id is not null then chosen.resolved_by
        when chosen.candidates > 1 then 'several'
        else 'unresolved'
    end as resolved_by,
    coalesce(made.lab, nullif(of_id.lab, 'unknown'), 'unknown') as lab,
    coalesce(
        made.lab_country,
        nullif(of_lab.country, 'unknown'),
        country_names.country,
        nullif(of_id.country, 'unknown'),
        'unknown'
    ) as country,
    case
        when made.license is not null then {{ weights_of_licence('made.license') }}
        when starts_with(made.accessibility, 'Open weights') then 'open'
        when made.accessibility in ('API access', 'Unreleased') then 'closed'
        when starts_with(made.accessibility, 'Hosted access') then 'closed'
    end as stated_weights,
    coalesce(
        stated_weights,
        weights_of_ids.weights,
        case when weights_of_ids.is_downloadable then 'open' end,
        case
            when coalesce(of_lab.weights_policy, of_id.weights_policy) in ('open', 'closed')
                then coalesce(of_lab.weights_policy, of_id.weights_policy)
        end,
        'unknown'
    ) as weights
from made
left join chosen
    on made.measure = chosen.measure and made.model_name = chosen.model_name
left join labs as of_id
    on split_part(chosen.model_id, '/', 1) = of_id.author_slug
left join makers as of_lab
    on made.lab = of_lab.lab
left join weights_of_ids
    on chosen.model_id = weights_of_ids.model_id
left join {{ ref('country_names') }} as country_names
    on made.countries = country_names.name
