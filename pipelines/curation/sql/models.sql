-- One row per model whose openness is not known.
select
    subject as model_base,
    split_part(subject, '/', 1) as author_slug,
    reason,
    tokens,
    share_of_named
from attribution_unknowns
where subject_kind = 'model'
order by tokens desc, model_base
