"""Pages of the Hub's list loaded together: the raw tables are those of loading each by itself."""

import json
import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.loading import all_raw_rows, fresh_warehouse, keep_answer, load_all, raw_rows

from pipelines.archive import Answer, Archive
from pipelines.loading.answers import load_answers
from pipelines.loading.hub_batches import MAX_PAGES, batches
from pipelines.loading.outcome import LoadResult

BEGIN = datetime(2026, 10, 1, 7, tzinfo=UTC)
ANSWERS = "from raw.answers order by all"


def rows(number: int = 12, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of a page, with these changes in all of them."""
    return [
        {"_id": f"{n}", "id": f"a/m{n}", "downloads": 900, "downloadsAllTime": 5000 + n, **changes}
        for n in range(number)
    ]


def keep_page(
    archive: Archive, content: object, minute: int, tag: str = "text-generation", **more: Any
) -> Answer:
    """Keep a page that came this many minutes after the begin."""
    values = {"source": "hub_models", "context": {"pipeline_tag": tag}, **more}
    at = BEGIN + timedelta(minutes=minute)
    return keep_answer(archive, json.dumps(content).encode(), at, **values)


def tables(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return [all_raw_rows(con), con.sql(ANSWERS).fetchall()]


def a_page(chance: random.Random) -> object:
    """Return a page of which now and then a row, or all of it, is wrong."""
    if chance.random() < 0.02:
        return chance.choice([[], {"error": "x"}, [{"_id": "1", "id": "a/b"}], rows(12), "x"])
    page: list[object] = [
        {
            "_id": str(model),
            "id": f"lab/m{model}" + "-new" * chance.choice([0, 0, 0, 1]),
            "downloadsAllTime": chance.randrange(1, 50),
            "tags": [f"base_model:finetune:a/b{chance.choice([1, 1, 1, 2])}"],
        }
        for model in chance.sample(range(20), 12)
    ]
    if chance.random() < 0.03:
        page.append(chance.choice([{"id": "a/b"}, page[0]]))
    return page


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 12))]
)
def test_pages_together_are_pages_apart(tmp_path: Path, seed: int) -> None:
    """Models move between pages, change and change back; some pages are wrong, some come again."""
    chance = random.Random(seed)
    apart, together = Archive(tmp_path / "a" / "raw"), Archive(tmp_path / "b" / "raw")
    known: list[object] = []
    with closing(fresh_warehouse()) as one, closing(fresh_warehouse()) as many:
        for call in range(3):
            pages = []
            for position in range(call * 7, call * 7 + 7):
                known.append(
                    chance.choice(known) if known and chance.random() < 0.1 else a_page(chance)
                )
                # A page may be older than what is known, as where archives were merged.
                minute = position * 10 - (0 if chance.random() < 0.8 else 305)
                tag = chance.choice(["text-generation", "image-text-to-text"])
                status = 404 if chance.random() < 0.01 else 200
                pages.append((minute, known[-1], tag, status))
            for minute, page, tag, status in sorted(pages, key=lambda each: each[0]):
                for archive in (apart, together):
                    keep_page(archive, page, minute, tag, status=status)
                load_all(one, apart)
            load_all(many, together)
        assert tables(many) == tables(one)


def test_a_damaged_page_holds_up_no_other(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Each fault is recorded with its own page."""
    keep_page(archive, rows(), 0)
    bad = keep_page(archive, rows(likes=3), 1)
    keep_page(archive, [*rows(downloads=7), {"id": "a/none"}], 2)
    (archive.folder / "bodies" / bad.sha256[:2] / f"{bad.sha256}.zst").write_bytes(b"")
    outcomes = [(outcome, rows) for outcome, rows, _ in load_all(con, archive)]
    assert outcomes == [("loaded", 12), ("damaged", 0), ("partial", 12)]
    assert len(raw_rows(con, "hub_counts")["hub_counts"]) == 24


def test_a_model_that_changes_within_a_batch_is_kept_twice(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """And a third time where it is again what it was."""
    for minute, name in enumerate(["a/old", "a/new", "a/new", "a/old"]):
        keep_page(archive, rows(1, id=name, likes=minute), minute)
    load_all(con, archive)
    names = con.sql("select model_id from raw.hub_models order by fetched_at").fetchall()
    assert names == [("a/old",), ("a/new",), ("a/old",)]


def test_a_batch_is_of_pages_with_other_bytes(archive: Archive) -> None:
    """Other answers go by themselves, and so does what is the same again; the order stays."""
    pages = [keep_page(archive, rows(likes=number), number) for number in range(MAX_PAGES + 1)]
    other = keep_answer(archive, b"{}", source="models")
    answers = [*pages, other, pages[0], pages[1], pages[0]]
    found = list(batches(answers))
    assert [len(batch) for batch in found] == [MAX_PAGES, 1, 1, 2, 1]
    assert [each for batch in found for each in batch] == answers
    assert list(batches([])) == []


def test_repositories_go_together_but_those_that_were_refused(archive: Archive) -> None:
    """Names that the Hub does not know lie between them."""
    kept = [
        keep_page(
            archive,
            {"_id": f"{number}", "id": f"a/m{number}"},
            number,
            source="hub_repositories",
            context={"model": f"a/m{number}"},
            status=401 if number == 2 else 200,
        )
        for number in range(5)
    ]
    assert list(batches(kept)) == [kept[:2], kept[2:3], kept[3:]]


def test_what_is_reported_of_a_page_is_committed(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """An interruption of the caller loses none of a batch."""
    for minute in range(3):
        keep_page(archive, rows(likes=minute), minute)
    reported: list[str] = []

    def stop(answer: Answer, result: LoadResult) -> None:
        reported.append(result.outcome)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_answers(con, archive, on_loaded=stop)
    assert reported == ["loaded"]
    assert load_all(con, archive) == []
    assert len(raw_rows(con, "hub_counts")["hub_counts"]) == 36
