-- A day that the source once had and no longer has keeps its last known figures, which the source
-- no longer vouches for.
{{ config(severity='warn') }}
select *
from {{ ref('market_days') }}
where is_withdrawn
