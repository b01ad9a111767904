-- One row per row of `priced`: what its tokens cost at the list price of their day, by bounds.
--
-- Tokens read from a cache cost nothing at least and a prompt token at most where no price of them is
-- stated; what writing to a cache costs is then not known at all.
with bounded as (
    select
        *,
        coalesce(reason, price_reason) as missing,
        case
            when cache_write_tokens > 0 and cache_write_usd_per_mtok is null
                then 'no price of tokens written to a cache is known'
        end as missing_write
    from priced
)

select
    * exclude (reason, price_reason, missing, missing_write),
    case
        when missing is null and missing_write is null
            then (
                prompt_tokens * prompt_usd_per_mtok_low
                + completion_tokens * completion_usd_per_mtok_low
                + cached_tokens * coalesce(cached_usd_per_mtok, 0)
                + cache_write_tokens * coalesce(cache_write_usd_per_mtok, 0)
            )::double / 1e6
    end as usd_low,
    case
        when missing is null and missing_write is null
            then (
                prompt_tokens * prompt_usd_per_mtok_high
                + completion_tokens * completion_usd_per_mtok_high
                + cached_tokens * coalesce(cached_usd_per_mtok, prompt_usd_per_mtok_high)
                + cache_write_tokens * coalesce(cache_write_usd_per_mtok, 0)
            )::double / 1e6
    end as usd_high,
    coalesce(missing, missing_write) as reason,
    case
        when missing is null and price_overrides is not null
            then 'other prices hold for long prompts or at certain hours; these are not counted'
    end as note
from bounded
order by row
