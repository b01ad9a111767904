"""The registry of sources: the one place that says which source feeds which table and asset."""

import pytest
from support.source_payloads import archived_answer

from pipelines.definitions import define
from pipelines.errors import BadAnswer
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES, assets_of_table, sources_of_table
from pipelines.sources.source import Source


def test_each_source_stands_under_its_name() -> None:
    """A source is found by the name that its answers carry."""
    assert {name: source.name for name, source in SOURCES.items()} == {
        name: name for name in SOURCES
    }


def test_rankings_come_from_two_sources_and_two_assets() -> None:
    """With a key and without one; the filtered rankings go into the same tables."""
    assert sources_of_table("ranking_rows") == {"rankings_daily", "rankings_export"}
    assert assets_of_table("ranking_rows") == ["raw_answers", "raw_slices"]


def test_a_table_that_no_source_fills_has_none() -> None:
    """Tables of telemetry are filled by segments."""
    assert sources_of_table("scrapes") == frozenset()
    assert assets_of_table("scrapes") == []


@pytest.mark.slow
def test_every_asset_of_the_registry_exists(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A name that Dagster does not know would leave tables without what fills them."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    keys = define(settings).resolve_asset_graph().get_all_asset_keys()
    named = {asset for source in SOURCES.values() for asset in source.assets}
    assert named <= {key.to_user_string() for key in keys}


def test_the_default_decoder_reads_json_objects() -> None:
    """A body of another kind is a bad answer."""
    source = Source("x", lambda answer, payload: payload, ("x",), ())
    assert source.decode(archived_answer(), b'{"data": []}') == {"data": []}
    with pytest.raises(BadAnswer):
        source.decode(archived_answer(), b"date,tokens")


def test_a_source_may_decode_another_format() -> None:
    """Its parser gets what its decoder returned."""
    source = Source(
        "x",
        lambda answer, payload: payload.upper(),
        ("x",),
        (),
        lambda answer, body: body.decode("ascii"),
    )
    assert source.parse(archived_answer(), source.decode(archived_answer(), b"csv")) == "CSV"
