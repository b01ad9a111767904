-- One row per name of the table `asked`: the model id that it means in the published prices.
--
-- As it stands, or without a leading openrouter/; as a ranking name; without the author; at last by its
-- words in any order and without a date. Several ids of one rank decide nothing.
create or replace temp table resolved_models as
with ids as (
    select
        model_id as name,
        model_id
    from model_prices_daily
    where kind = 'list'
    group by model_id
),

names as (
    select
        *,
        1 as priority
    from ids
    union all
    select
        models.model_permaslug as name,
        models.model_id,
        2 as priority
    from models
    inner join ids on models.model_id = ids.model_id
),

forms as (
    select
        lower(name) as form,
        model_id,
        priority,
        case priority when 1 then 'id' else 'ranking name' end as resolved_by
    from names
    union
    select
        lower(split_part(name, '/', 2)) as form,
        model_id,
        3 as priority,
        'name without author' as resolved_by
    from names
    union
    select
        list_aggregate(
            list_sort(
                regexp_split_to_array(
                    regexp_replace(lower(split_part(name, '/', 2)), '-(\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{4})$', ''),
                    '[-.]'
                )
            ),
            'string_agg', ' '
        ) as form,
        model_id,
        4 as priority,
        'words of the name' as resolved_by
    from names
),

asked_names as (
    select distinct
        model,
        regexp_replace(lower(model), '^openrouter/', '') as whole,
        regexp_extract(lower(model), '[^/]*$') as bare
    from asked
    where model is not null
),

asked_forms as (
    select
        model,
        whole as form,
        [1, 2] as priorities
    from asked_names
    union all
    select
        model,
        bare as form,
        [3] as priorities
    from asked_names
    union all
    select
        model,
        list_aggregate(
            list_sort(
                regexp_split_to_array(
                    regexp_replace(bare, '-(\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{4})$', ''), '[-.]'
                )
            ),
            'string_agg', ' '
        ) as form,
        [4] as priorities
    from asked_names
),

matched as (
    select distinct
        asked_forms.model,
        forms.model_id,
        forms.priority,
        forms.resolved_by
    from asked_forms
    inner join forms
        on
            asked_forms.form = forms.form
            and list_contains(asked_forms.priorities, forms.priority)
    qualify rank() over (partition by asked_forms.model order by forms.priority) = 1
)

select
    asked_names.model,
    case when count(distinct matched.model_id) = 1 then any_value(matched.model_id) end as model_id,
    case when count(distinct matched.model_id) = 1 then any_value(matched.resolved_by) end as resolved_by,
    case
        when count(matched.model_id) = 0 then 'no price is known of a model of this name'
        when count(distinct matched.model_id) > 1
            then 'the name may mean ' || string_agg(distinct matched.model_id, ' or ' order by matched.model_id)
    end as reason
from asked_names
left join matched on asked_names.model = matched.model
group by asked_names.model
