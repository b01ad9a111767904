-- One row per account of the Hub whose region ATOM's list and ours do not agree on.
select
    namespace,
    lab,
    our_region as ours,
    atom_region as theirs,
    evidence as our_evidence,
    atom_notes as their_remark,
    seed,
    models,
    downloads_all_time
from namespace_regions
where comparison in ('differs', 'unknown to us', 'unknown to them')
order by downloads_all_time desc nulls last, namespace
limit 500
