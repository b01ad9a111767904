"""Tables that segments of telemetry fill: the counterpart of the registry of sources."""

from pipelines.loading.telemetry.segment_files import SegmentKind

SAMPLES: tuple[SegmentKind, ...] = ("scrapes", "pages", "history")
FACTS = (
    "scrapes",
    "counter_minutes",
    "histogram_hours",
    "gauge_minutes",
    "energy_hours",
    "coverage_minutes",
    "stack_versions",
    "scrape_outcome_hours",
)
# By schema and table, the kinds of segments whose rows it has. The list of segments has rows of
# none, and what the tier was comes with figures in another way, without addresses.
TABLES_OF_SEGMENTS: dict[str, tuple[SegmentKind, ...]] = {
    "raw.request_events": ("requests",),
    "raw.spend_events": ("spend",),
    "raw.spend_rejects": ("spend",),
    "raw.pilots": ("pilots",),
    "raw.telemetry_segments": (),
    "raw.tier_file": (),
    **{f"ledger.{table}": SAMPLES for table in FACTS},
}
