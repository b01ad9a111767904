-- One row per sample of the segments that are being loaded.
create or replace temp table incoming as
from raw.telemetry_samples where false;
