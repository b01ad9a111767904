-- One row per sample that is taken back: of a segment, or of a target and a span, or both.
insert into incoming by name
select samples.*
from raw.telemetry_samples as samples
where
    samples.segment_id = coalesce($segment_id, samples.segment_id)
    and samples.target = coalesce($target, samples.target)
    and samples.scraped_at >= coalesce($first_at::timestamptz, samples.scraped_at)
    and samples.scraped_at <= coalesce($last_at::timestamptz, samples.scraped_at);
