"""Rounds of generations in S3: files first, pointers while the lease holds, all teams' last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.lake.processes import END_OTHERS

from pipelines.errors import LeaseLost
from pipelines.lake.lease import Lease, builder_lease
from pipelines.lake.published import fence, newest_pointer
from pipelines.lake.rounds import RoundPart, fence_round, team_store, upload_round
from pipelines.publish.generations import put_in_place
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect
from pipelines.settings import Settings

TEAMS = ("ads", "search")


@pytest.fixture
def store(lake_settings: Settings) -> ObjectStore:
    """Return the folder of generations in S3."""
    assert lake_settings.services.published
    return ObjectStore(lake_settings.services.published)


def parts_of(settings: Settings, store: ObjectStore, number: int) -> list[RoundPart]:
    """Return a round of two teams, published in a home."""
    parts = []
    for team in (*TEAMS, ""):
        home = replace(settings, home=settings.home / "round" / team) if team else settings
        home.published.mkdir(parents=True, exist_ok=True)
        aside = home.published / "made"
        aside.write_text(f"{team} {number} {settings.home}")
        folder = team_store(store, team) if team else store
        parts.append(RoundPart(home, folder, put_in_place(home, aside, number)))
    return parts


@contextmanager
def lease_of(settings: Settings) -> Iterator[Lease]:
    """Hold the builder's lease."""
    assert settings.services.lake
    with builder_lease(settings.services.lake.catalog) as lease:
        yield lease


def end_sessions(settings: Settings) -> None:
    """End the session of whoever has the lease, which does not know it then."""
    assert settings.services.lake
    with connect(settings.services.lake.catalog) as session:
        session.execute(END_OTHERS)


def newest_of(store: ObjectStore) -> list[tuple[int, int] | None]:
    """Return epoch and number of the newest generation of each team and of all."""
    found = [newest_pointer(each) for each in (*(team_store(store, team) for team in TEAMS), store)]
    return [each and (each.epoch, each.number) for each in found]


def files_in(store: ObjectStore) -> list[str]:
    """Return the names of all generations' files, with their folders."""
    return [key for key in store.list_keys() if key.endswith(".duckdb")]


def test_a_round_is_uploaded_once_and_what_is_missing_again(
    lake_settings: Settings, store: ObjectStore
) -> None:
    """A team whose pointer did not get there is uploaded alone."""
    parts = parts_of(lake_settings, store, 1)
    with lease_of(lake_settings) as lease:
        pointer = upload_round(parts, lease)
        assert pointer == newest_pointer(store)
        assert newest_of(store) == [(1, 1)] * 3
        assert upload_round(parts, lease) is None
        team_store(store, "ads").remove("pointers/00000001-000001.json")
        assert upload_round(parts, lease) is None
    assert newest_of(store) == [(1, 1)] * 3


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_no_pointer_moves_once_the_lease_is_lost(
    moved: int, lake_settings: Settings, store: ObjectStore
) -> None:
    """Teams come first. The files of those that did not move are removed."""
    with lease_of(lake_settings) as lease:
        upload_round(parts_of(lake_settings, store, 1), lease)
    looks = iter(range(10))

    class Losing(Lease):
        def check(self) -> None:
            if next(looks) == moved + 1:  # the first look is before the files
                end_sessions(lake_settings)
            lease.check()

    with lease_of(lake_settings) as lease:
        losing = Losing(lease._session, lease._address, lease.epoch, None)
        with pytest.raises(LeaseLost):
            upload_round(parts_of(lake_settings, store, 2), losing)
    assert newest_of(store) == [(2, 2)] * moved + [(1, 1)] * (3 - moved)
    assert len(files_in(store)) == 3 + moved


def test_a_stale_builder_moves_no_pointer_of_any_team(
    lake_settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    """It writes without a look at the lease, after its successor has fenced the round."""
    with lease_of(lake_settings) as lease:
        upload_round(parts_of(lake_settings, store, 1), lease)
    with lease_of(lake_settings) as lease:
        fence_round(store, lease.epoch)
        assert newest_of(store) == [(1, 1)] * 3

        class Stale(Lease):
            def check(self) -> None:
                """Believe that it still holds."""

        stale = Stale(lease._session, lease._address, 1, None)
        other = replace(lake_settings, home=tmp_path / "stale")
        with pytest.raises(LeaseLost, match="Epoch 2"):
            upload_round(parts_of(other, store, 9), stale)
        assert newest_of(store) == [(1, 1)] * 3
        upload_round(parts_of(lake_settings, store, 2), lease)
        assert newest_of(store) == [(2, 2)] * 3
    assert not [key for key in files_in(store) if "000009" in key]


@pytest.mark.parametrize("is_overtaken_while_it_writes", [False, True])
def test_a_stale_builder_makes_no_folder_of_a_team_that_it_alone_knows(
    is_overtaken_while_it_writes: bool, lake_settings: Settings, store: ObjectStore
) -> None:
    """No fence of its successor stands there, so it looks at that of all teams."""
    parts_of_all = parts_of(lake_settings, store, 1)
    with lease_of(lake_settings) as lease:
        upload_round(parts_of_all, lease)

    class Overtaken(ObjectStore):
        def write(self, key: str, content: bytes) -> None:
            super().write(key, content)
            fence(store, 2)

    class Stale(Lease):
        def check(self) -> None:
            """Believe that it still holds."""

    folder = team_store(store, "unknown")
    if is_overtaken_while_it_writes:
        folder = Overtaken(folder.folder)
    else:
        fence_round(store, 2)
    with lease_of(lake_settings) as lease:
        stale = Stale(lease._session, lease._address, 1, None)
        part = RoundPart(parts_of_all[0].home, folder, parts_of_all[0].generation)
        with pytest.raises(LeaseLost, match="Epoch 2"):
            upload_round([part, *parts_of(lake_settings, store, 2)], stale)
    assert store.list_keys("teams/unknown") == []
    assert newest_of(store) == [(1, 1)] * 3
