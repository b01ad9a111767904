"""One server of forks for all tests of this folder, and the figures of a home without faults."""

import shutil
from collections.abc import Iterator

import pytest
from support.faults.figures import Quiet, figures
from support.faults.forks import Forks

from pipelines.publish.generations import newest
from pipelines.settings import Settings


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    forks = Forks(tmp_path_factory.mktemp("forks"))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def quiet(whole_home: Settings, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """Ingest the telemetry that waits in a home, and note what is published then."""
    folder = tmp_path_factory.mktemp("quiet")
    home = shutil.copytree(whole_home.home, folder / "home", symlinks=True)
    ended = forks.run("command", home, folder / "output", "ingest", "telemetry")
    assert ended.confirmed == ["0"], (folder / "output").read_text()
    return Quiet(figures(newest(Settings(home))), ended.seconds)
