-- The ledger's table from the frame `rows`: one row per target, hour and bucket.
create table ledger.histogram_hours as
select
    't' || target as target, 'm' || model as model_name, 'ttft_seconds' as metric, '' as labels,
    to_timestamp(hour) as hour_at, 'bucket' as part, le, growth
from rows
