-- One row per UTC day and model id: the catalogue entry of that day.
--
-- It comes from the first answer at or after 08:00 UTC, else from the last one before. Prices move
-- within hours, some by the clock, so days are compared at one fixed hour.
with captures as (
    select
        captured_at::date as date,
        sha256,
        captured_at,
        is_simulated
    from {{ ref('stg_openrouter__answers') }}
    where source = 'models'
    qualify
        row_number() over (
            partition by captured_at::date
            order by
                hour(captured_at) < 8,
                case when hour(captured_at) < 8 then -epoch(captured_at) else epoch(captured_at) end
        ) = 1
)

select
    captures.date,
    captures.captured_at,
    captures.is_simulated,
    models.*
from captures
inner join {{ ref('stg_openrouter__models') }} as models
    on captures.sha256 = models.answer_sha256
qualify
    row_number() over (
        partition by captures.date, models.model_id
        order by models.prompt_usd_per_mtok nulls last
    ) = 1
