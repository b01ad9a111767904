{#- Percentiles of latencies by hour, model and `who` (the column of targets, or of services), from the
    relations `buckets_of_hours`, `histograms_of_hours` and `ended_requests`: buckets of several
    servers are added where all of them have the same bound. They end in `both_methods`. -#}
{% macro latency_percentiles(who) -%}
    {%- set percents = [50, 90, 99] %}
    buckets as (
        select
            hour_at,
            {{ who }},
            model_name,
            replace(metric, '_seconds', '') as metric,
            bucket_end,
            sum(growth) as reached,
            sum(counted) as counted
        from buckets_of_hours
        where metric in ('ttft_seconds', 'tpot_seconds', 'itl_seconds', 'e2e_seconds', 'queue_seconds')
        group by all
    ),

    totals as (
        select
            hour_at,
            {{ who }},
            model_name,
            replace(metric, '_seconds', '') as metric,
            sum(observations) as observations,
            sum(total) / nullif(sum(observations), 0) as mean_seconds
        from histograms_of_hours
        group by all
    ),

    ranked as (
        select
            buckets.hour_at,
            buckets.{{ who }},
            buckets.model_name,
            buckets.metric,
            buckets.bucket_end,
            buckets.reached,
            totals.mean_seconds,
            greatest(max(buckets.reached) over whole, totals.observations) as observations,
            lag(buckets.bucket_end, 1, 0) over by_end as bucket_start,
            lag(buckets.reached, 1, 0) over by_end as reached_before
        from buckets
        left join totals
            using (hour_at, {{ who }}, model_name, metric)
        where
            buckets.reached is not null
            and coalesce(buckets.counted >= totals.observations - 0.5, true)
        window
            whole as (partition by buckets.hour_at, buckets.{{ who }}, buckets.model_name, buckets.metric),
            by_end as (
                partition by buckets.hour_at, buckets.{{ who }}, buckets.model_name, buckets.metric
                order by buckets.bucket_end
            )
    ),

    interpolated as (
        select
            hour_at,
            {{ who }},
            model_name,
            metric,
            round(max(observations))::bigint as count,
            any_value(mean_seconds) as mean_seconds,
            {% for percent in percents %}
                min_by(
                    bucket_start
                    + (bucket_end - bucket_start)
                    * ({{ percent / 100 }} * observations - reached_before)
                    / (reached - reached_before),
                    bucket_end
                ) filter (
                    where isfinite(bucket_end)
                    and reached >= {{ percent / 100 }} * observations
                    and reached > reached_before
                ) as p{{ percent }}_seconds,
            {% endfor %}
            max(bucket_end) filter (where isfinite(bucket_end)) as last_finite_seconds
        from ranked
        where observations > 0
        group by all
    ),

    from_histograms as (
        select
            * exclude (last_finite_seconds),
            {% for percent in percents %}
                case when p{{ percent }}_seconds is null then last_finite_seconds end
                    as p{{ percent }}_lower_bound_seconds,
            {% endfor %}
            'histogram' as method
        from interpolated
    ),

    -- Histograms observe the first token when it comes, and the other latencies when a request ends; so
    -- does this.
    first_tokens as (
        select
            {{ floor_to_hour('first_token_at') }} as hour_at,
            {{ who }},
            model_name,
            'ttft' as metric,
            count(*) as count,
            avg(ttft_seconds) as mean_seconds,
            quantile_cont(ttft_seconds, [0.5, 0.9, 0.99]) as percentiles
        from ended_requests
        where ttft_seconds is not null
        group by all
    ),

    -- Both latencies of a request in one pass: a row for each would triple millions of requests.
    ended as (
        select
            {{ floor_to_hour('last_token_at') }} as hour_at,
            {{ who }},
            model_name,
            count(tpot_seconds) as tpot_count,
            avg(tpot_seconds) as tpot_mean_seconds,
            quantile_cont(tpot_seconds, [0.5, 0.9, 0.99]) as tpot_percentiles,
            count(e2e_seconds) as e2e_count,
            avg(e2e_seconds) as e2e_mean_seconds,
            quantile_cont(e2e_seconds, [0.5, 0.9, 0.99]) as e2e_percentiles
        from ended_requests
        where outcome = 'finished'
        group by all
    ),

    measured as (
        select * from first_tokens
        {% for metric in ['tpot', 'e2e'] %}
            union all
            select
                hour_at,
                {{ who }},
                model_name,
                '{{ metric }}' as metric,
                {{ metric }}_count as count,
                {{ metric }}_mean_seconds as mean_seconds,
                {{ metric }}_percentiles as percentiles
            from ended
            where {{ metric }}_count > 0
        {% endfor %}
    ),

    from_events as (
        select
            hour_at,
            {{ who }},
            model_name,
            metric,
            count,
            mean_seconds,
            {% for percent in percents %}
                percentiles[{{ loop.index }}] as p{{ percent }}_seconds,
                null::double as p{{ percent }}_lower_bound_seconds,
            {% endfor %}
            'events' as method
        from measured
    ),

    both_methods as (
        select * from from_histograms
        union all by name
        select * from from_events
    )
{%- endmacro %}
