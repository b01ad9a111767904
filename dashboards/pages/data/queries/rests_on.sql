-- One row per table with rows from this raw answer: how many rows, and the days that they describe.
with resting as (
    select 'market_days' as table_name, date as date from market_days where answer_sha256 = $answer
    union all
    select 'market_tokens_daily' as table_name, date as date from market_tokens_daily where answer_sha256 = $answer
    union all
    select 'market_tokens_revisions' as table_name, date as date from market_tokens_revisions where answer_sha256 = $answer
    union all
    select 'market_slices' as table_name, date as date from market_slices where answer_sha256 = $answer
    union all
    select 'market_apps_daily' as table_name, date as date from market_apps_daily where answer_sha256 = $answer
    union all
    select 'market_tasks_daily' as table_name, date as date from market_tasks_daily where answer_sha256 = $answer
    union all
    select 'market_task_models_daily' as table_name, date as date from market_task_models_daily where answer_sha256 = $answer
    union all
    select 'model_prices_daily' as table_name, date as date from model_prices_daily where answer_sha256 = $answer
    union all
    select 'endpoint_speed' as table_name, captured_at::date as date from endpoint_speed where answer_sha256 = $answer
    union all
    select 'providers' as table_name, captured_at::date as date from providers where answer_sha256 = $answer
    union all
    select 'model_benchmarks' as table_name, as_of::date as date from model_benchmarks where answer_sha256 = $answer
    union all
    select 'session_costs_weekly' as table_name, as_of::date as date from session_costs_weekly where answer_sha256 = $answer
    union all
    select 'ingest_quarantine' as table_name, date as date from ingest_quarantine where answer_sha256 = $answer
)

select table_name, count(*) as rows, count(distinct date) as days, min(date) as first_date, max(date) as last_date
from resting
group by table_name
order by rows desc, table_name
