-- One row with the number of samples that are dropped: all old ones but the last of each series.
delete from raw.telemetry_samples
where
    scraped_at < getvariable('dropped_before')
    and rowid not in (select last_samples.sample_row from last_samples);
