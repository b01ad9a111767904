"""One home for all defects that are planted in what a build made."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from support.checks.home import make_home
from support.checks.planting import PlantedHome

from pipelines.transform.manifest import read_manifest
from warehouse.connection import open_warehouse


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedHome]:
    """Return the checks of a build, with the warehouse of a home open."""
    settings = make_home(tmp_path_factory.mktemp("checks"))
    with closing(open_warehouse(settings.warehouse)) as con:
        yield PlantedHome(con, read_manifest(settings.home))
