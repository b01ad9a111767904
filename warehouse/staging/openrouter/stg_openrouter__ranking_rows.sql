-- One row per content of a ranking and model.
select
    content_hash,
    model_permaslug,
    {{ author_slug('model_permaslug') }} as author_slug,
    {{ model_base('model_permaslug') }} as model_base,
    {{ model_variant('model_permaslug') }} as variant,
    model_permaslug = 'other' as is_other,
    total_tokens
from {{ source('raw', 'ranking_rows') }}
