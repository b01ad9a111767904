-- An unknown attribute of a model is `unknown`; null is kept for `other`, which is not a model.
select *
from {{ ref('market_tokens_daily') }}
where
    is_other <> (model_permaslug = 'other')
    or is_other <> (author_slug is null)
    or is_other <> (model_family is null)
    or is_other <> (variant is null)
    or is_other <> (rank is null)
    or is_other <> (is_text_model is null)
    or is_other <> (releasing_lab is null)
    or is_other <> (releasing_country is null)
    or is_other <> (base_lab is null)
    or is_other <> (base_country is null)
    or is_other <> (weights is null)
