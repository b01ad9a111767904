-- One row per namespace that ATOM's list places and that we do not, or place elsewhere, with counted
-- models. What labs.csv has instead stands among the statements on its author.
select
    namespace,
    comparison,
    country,
    evidence,
    case atom_region when 'us' then 'US' when 'china' then 'CN' when 'eu' then 'Europe' else 'unknown' end
        as proposed_value,
    'region ' || atom_region || coalesce(' (' || atom_notes || ')', '') as atom_evidence,
    citation,
    licence,
    downloads_all_time
from namespace_regions
where
    models > 0
    and (
        comparison in ('not in ours', 'unknown to us')
        or comparison = 'differs' and seed = 'hub_namespaces'
    )
order by downloads_all_time desc nulls last, namespace
