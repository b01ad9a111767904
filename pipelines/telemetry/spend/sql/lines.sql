-- Makes the table `lines`: one row per entry of the view `entries`, of a spend log of LiteLLM: its
-- figures, or the reason why it is no request.
--
-- Nothing else of an entry is read: neither messages nor response, nor what metadata say besides.
create or replace temp table lines as
with fields as (
    select
        line,
        entry,
        trim(entry ->> '$.request_id') as request_id,
        entry ->> '$.call_type' as call_type,
        -- The name that callers use; `model` is that of the deployment.
        coalesce(
            nullif(entry ->> '$.model_group', ''), nullif(entry ->> '$.model', ''), 'unknown'
        ) as model,
        nullif(entry ->> '$.custom_llm_provider', '') as provider,
        try_cast(entry ->> '$.startTime' as timestamptz) as started_at,
        try_cast(entry ->> '$.completionStartTime' as timestamptz) as first_token_at,
        try_cast(entry ->> '$.endTime' as timestamptz) as ended_at,
        try_cast(entry ->> '$.prompt_tokens' as bigint) as prompt_tokens,
        try_cast(entry ->> '$.completion_tokens' as bigint) as completion_tokens,
        try_cast(entry ->> '$.spend' as double) as usd,
        coalesce(lower(entry ->> '$.cache_hit') = 'true', false) as is_cache_hit,
        entry ->> '$.status' as status,
        nullif(trim(entry ->> '$.end_user'), '') as end_user,
        nullif(trim(entry ->> '$.user'), '') as user_id,
        nullif(trim(entry ->> '$.team_id'), '') as team_id,
        nullif(trim(entry ->> '$.api_key'), '') as api_key,
        -- An object, or the text of one.
        case json_type(entry -> '$.metadata')
            when 'OBJECT' then entry -> '$.metadata'
            when 'VARCHAR' then try_cast(entry ->> '$.metadata' as json)
        end as metadata
    from entries
),

with_metadata as (
    select
        * exclude (metadata, status),
        coalesce(status, metadata ->> '$.status') = 'failure' as is_failure,
        try_cast(
            coalesce(
                metadata ->> '$.usage_object.prompt_tokens_details.cached_tokens',
                metadata ->> '$.usage_object.cache_read_input_tokens',
                metadata ->> '$.additional_usage_values.prompt_tokens_details.cached_tokens',
                metadata ->> '$.additional_usage_values.cache_read_input_tokens'
            ) as bigint
        ) as cached_tokens,
        nullif(trim(metadata ->> '$.user_api_key_alias'), '') as key_name,
        nullif(trim(metadata ->> '$.user_api_key_team_alias'), '') as team_name
    from fields
)

select
    line,
    left(request_id, 256) as request_id,
    left(call_type, 64) as call_type,
    left(model, 256) as model,
    left(provider, 64) as provider,
    started_at,
    -- Where nothing was streamed the log has the end in its place.
    case when first_token_at >= started_at and first_token_at < ended_at then first_token_at end
        as first_token_at,
    ended_at,
    prompt_tokens,
    case when cached_tokens between 0 and prompt_tokens then cached_tokens end as cached_tokens,
    completion_tokens,
    usd,
    is_cache_hit,
    coalesce(is_failure, false) as is_failure,
    coalesce(end_user, user_id) as caller,
    coalesce(team_name, team_id) as team,
    key_name,
    api_key,
    case
        when entry is null then 'not JSON'
        when json_type(entry) <> 'OBJECT' then 'no JSON object'
        when coalesce(request_id, '') = '' then 'no request_id'
        when length(request_id) > 256 then 'a request_id of more than 256 characters'
        when started_at is null then 'no startTime that can be read'
        when ended_at is null then 'no endTime that can be read'
        when ended_at < started_at then 'it ends before it starts'
        when not started_at between '2020-01-01' and $now + interval 1 day
            then 'it starts before 2020 or in the future'
        when ended_at > started_at + interval 7 days then 'it takes more than seven days'
        when not coalesce(prompt_tokens between 0 and 1e9, false)
            then 'no prompt_tokens that can be'
        when not coalesce(completion_tokens between 0 and 1e9, false)
            then 'no completion_tokens that can be'
        when not coalesce(usd >= 0 and usd < 1e9, false) then 'no spend that can be'
    end as reason
from with_metadata
