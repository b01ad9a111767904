-- One row per archive, model id and UTC day: the price that the archive saw on that day.
--
-- Days are made one by one: a history that was loaded once is not made again.
select *
from {{ ref('stg_price_archives__daily') }}
