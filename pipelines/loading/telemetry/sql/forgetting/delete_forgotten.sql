-- Samples that wait in `incoming` to be taken back leave the warehouse.
delete from raw.telemetry_samples as samples using incoming
where
    samples.segment_id = incoming.segment_id
    and samples.target = incoming.target
    and samples.scraped_at = incoming.scraped_at;
