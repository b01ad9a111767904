"""Tables of the lake: one that an older version made gets what is missing, and loses nothing."""

import pytest
from support.lake.homes import ship_and_load
from support.telemetry_facts import stretch

from pipelines.errors import ServiceFailed
from pipelines.lake.connection import open_lake
from pipelines.services.postgres import connect
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter

# As a lake was before names of commits had a table, and epochs an end.
OF_BEFORE = """
drop table tokentide_commits, tokentide_moved;
drop function tokentide_keep_commit cascade;
alter table tokentide_builders drop column released_at, drop column maintained_at
"""


def test_a_lake_of_before_gets_what_is_missing(lake_settings: Settings) -> None:
    """Nothing works with it until then; afterwards its segments are known as loaded."""
    assert lake_settings.services.lake
    SegmentWriter(lake_settings.telemetry_spool).write(stretch((1, 5), (2, 6)))
    with open_lake(lake_settings) as lake:
        ship_and_load(lake_settings, lake)
        [(name, *_)] = lake.segments_between(0, lake.snapshot())
    with connect(lake_settings.services.lake.catalog) as session:
        session.execute(OF_BEFORE)
    with pytest.raises(ServiceFailed, match="`tokentide lake create`"), open_lake(lake_settings):
        pass
    with open_lake(lake_settings, is_new=True) as lake:
        assert lake.has(name)
        assert [row[0] for row in lake.segments_between(0, lake.snapshot())] == [name]
        SegmentWriter(lake_settings.telemetry_spool).write(stretch((3, 7)))
        assert ship_and_load(lake_settings, lake) == 1
