-- One row per loaded segment with samples that retention dropped, without those being loaded now.
select
    segment_id,
    kind
from raw.telemetry_segments
where
    outcome = 'loaded'
    and kind not in ('requests', 'spend', 'tier')
    and first_at < getvariable('dropped_before')
    and segment_id not in (select incoming.segment_id from incoming);
