"""Evidence bundles: all inputs of a figure, nothing of this machine, the same bytes again."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.published import MARTS, published
from support.restated_answers import THEN, keep_until

from pipelines.archive import Archive
from pipelines.errors import QueryFailed
from pipelines.evidence.bundle import RecomputeResult, make, recompute
from pipelines.ingest.market import load_archive
from pipelines.publish import query as querying
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES
from pipelines.transform.build import build
from pipelines.transform.lineage import WITH_TABLES, Origins, origins_of, tables_of

QUERY = (
    "select date, platform_tokens, platform_tokens / 3 as third "
    "from market_days where not is_missing"
)
CLAIMS = f"""
    create table marts.claims as
    select *, null as said_by, null as said_on, null as population, 'supported' as verdict,
        null::double as measured, null::double as expected, null::varchar as unit,
        null::varchar as measured_text, null::varchar as reason, null::varchar[] as missing_days,
        null::varchar as source_url
    from (select 'days' as claim_id, 'platform' as basis, 'There are days.' as statement,
        '{QUERY}' as evidence_sql
    union all
    select 'two', 'platform', '', 'from market_days' union all
    select 'two', 'top50', '', 'from marts.models' union all
    select 'paper', 'none', '', null)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three mornings, built and published."""
    settings = Settings(tmp_path_factory.mktemp("home"))
    keep_until(Archive(settings.archive), datetime.max.replace(tzinfo=UTC))
    load_archive(settings)
    build(settings)
    publish(settings)
    return settings


def answers(folder: Path) -> list[dict[str, str]]:
    with (folder / "answers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [sys.executable, str(folder / "recompute.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent)


@pytest.mark.long
@pytest.mark.slow
def test_a_bundle_is_computed_again_elsewhere_to_the_same_bytes(
    home: Settings, tmp_path: Path
) -> None:
    """Moved to a fresh folder, with the home out of reach."""
    bundle = make(home, QUERY, tmp_path / "made")
    moved = tmp_path / "elsewhere" / "bundle"
    shutil.move(bundle.folder, moved)
    assert hashlib.sha256((moved / "result.csv").read_bytes()).hexdigest() == bundle.result_sha256
    assert (moved / "result.csv").read_text().startswith("date,platform_tokens,third\n2026-06-15,")
    done = run(moved)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(bundle.result_sha256) == 3


def test_a_result_or_a_hash_that_was_changed_is_noticed() -> None:
    """All three must agree: what is stated, what is kept, what is computed."""
    assert RecomputeResult("a", "a", "a").is_same
    assert not any(RecomputeResult(*changed).is_same for changed in ("aab", "aba", "baa"))


EACH_CLAIM = "select claim_id, min(basis) from marts.claims group by all order by all"
EACH_BASIS = "select distinct claim_id, basis from marts.claims order by all"


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(f"from ({EACH_CLAIM}) where hash(claim_id) % 3 = 0", id="some"),
        pytest.param(EACH_BASIS, id="all", marks=pytest.mark.long),
    ],
)
def test_every_claim_can_be_taken_along_or_says_why_not(
    home: Settings, tmp_path: Path, sql: str
) -> None:
    """A claim that rests on a document is refused with that reason."""
    with querying.run(home.published / NEWEST, sql, 60) as result:
        names = [f"{claim}:{basis}" for claim, basis in result.rows]
    made, refused = 0, []
    for place, name in enumerate(names):
        try:
            made += make(home, name, tmp_path / str(place), raw=False).answers > 0
        except QueryFailed as error:
            refused.append(str(error))
    assert made > len(names) / 3
    assert all("rests on a document" in reason for reason in refused), refused


@pytest.mark.slow
@pytest.mark.long
def test_the_past_is_computed_again_as_it_was_known(home: Settings, tmp_path: Path) -> None:
    """The answers that were known then are enough.

    Without raw/ it takes them from an archive that is named.
    """
    bundle = make(home, "from market_days", tmp_path / "then", THEN, raw=False)
    assert not (bundle.folder / "raw").exists()
    assert [row["fetched_at"] for row in answers(bundle.folder)] == [
        "2026-06-18T08:00:00Z",
        "2026-06-19T08:00:00Z",
    ]
    about = json.loads((bundle.folder / "evidence.json").read_text())
    assert (about["asked_as_of"], about["as_of"]) == (
        "2026-06-19T08:00:00Z",
        "2026-06-19T08:00:00Z",
    )
    assert recompute(bundle.folder, home.archive).is_same
    with pytest.raises(
        QueryFailed,
        match=r"2 answers are not in the raw archive, .* A bundle without raw/ needs --archive\.",
    ):
        recompute(bundle.folder)


@pytest.mark.slow
def test_only_the_answers_that_the_tables_rest_on_are_in_it(home: Settings, tmp_path: Path) -> None:
    """A query of days rests on rankings; nothing names a place on this machine."""
    bundle = make(home, QUERY, tmp_path / "days")
    assert {row["source"] for row in answers(bundle.folder)} == {"rankings_daily"}
    assert bundle.answers == 3
    assert (
        (bundle.folder / "citation.txt")
        .read_text()
        .startswith("Source: OpenRouter (openrouter.ai/rankings), as of 2026-06-20T08:00:00.000Z")
    )
    places = (str(home.home).encode(), str(tmp_path).encode())
    assert not [
        path
        for path in bundle.folder.rglob("*")
        if path.is_file() and any(place in path.read_bytes() for place in places)
    ]
    with pytest.raises(QueryFailed, match="is not empty"):
        make(home, QUERY, bundle.folder)


@pytest.mark.slow
def test_lineage_leads_from_tables_to_what_made_them(tmp_path: Path) -> None:
    """The log is not followed, since it tells of answers and not of figures.

    Quarantined rows may be of any answer.
    """
    home = Settings(home=tmp_path)
    rankings = frozenset({"rankings_daily", "rankings_export"})
    assert origins_of(home, ["market_days"]) == Origins(rankings)
    assert origins_of(home, ["meta"]) == origins_of(home, ["market_days"])
    # An id of the catalogue may be known from an archive of prices alone.
    archives = {name for name in SOURCES if name.startswith("prices_")}
    assert origins_of(home, ["models"]) == Origins(rankings | archives | {"models"})
    assert origins_of(home, ["providers"]) == Origins(frozenset({"providers"}))
    for log in ("ingest_log", "ingest_quarantine"):
        assert origins_of(home, [log]) == Origins(WITH_TABLES, is_of_any=True)
        assert rankings | archives < origins_of(home, [log]).sources
    assert origins_of(home, ["own_measurements"]) == Origins(frozenset())
    assert origins_of(home, ["tier_file"]) == Origins(frozenset(), has_tier_file=True)
    with pytest.raises(QueryFailed, match="telemetry_log lists segments, not figures"):
        origins_of(home, ["telemetry_log"])


@pytest.mark.slow
def test_lineage_leads_from_the_tier_to_its_segments(tmp_path: Path) -> None:
    """Served tokens rest on scrapes of any kind, goodput on the log of requests too.

    So does what names a service: requests lead to targets as well. And on the market where models
    are named.
    """
    home = Settings(home=tmp_path)
    scrapes = frozenset({"scrapes", "pages", "history"})
    for named in ("device_energy_hourly", "served_goodput_hourly"):
        assert origins_of(home, [named]) == Origins(
            frozenset(), scrapes | {"requests"}, has_tier_file=True
        )
    both = origins_of(home, ["make_or_buy_daily"])
    assert (both.kinds >= scrapes, both.has_tier_file, both.sources >= {"models", "endpoints"}) == (
        True,
        True,
        True,
    )


def test_tables_are_those_that_duckdb_sees(tmp_path: Path) -> None:
    """Also behind a name that the query gives itself, in a subquery, and in quotes.

    A word in a text is none.
    """
    path = published(Settings(tmp_path / "home"), MARTS).path
    assert tables_of(
        path, "with models as (select 'from nowhere') select * from models, marts.\"market_days\""
    ) == ["market_days"]
    assert tables_of(path, "select * from marts.models as m, market_days d") == [
        "market_days",
        "models",
    ]
    assert tables_of(path, "select 1 where 1 in (select 1 from models)") == ["models"]
    with pytest.raises(QueryFailed, match="'secrets' is no table"):
        tables_of(path, "from secrets")


@pytest.mark.slow
def test_a_claim_is_named_by_id_and_where_needed_by_basis(tmp_path: Path) -> None:
    """A query that cannot be recomputed is refused before anything is written."""
    settings = Settings(tmp_path / "home")
    published(
        settings,
        f"{MARTS}; create table marts.ingest_log (answer_id varchar, source varchar, outcome "
        f"varchar); {CLAIMS}",
    )
    for name, reason in {
        "none": "There is no claim 'none'",
        "two": "name one: two:platform, two:top50",
        "paper": "rests on a document",
    }.items():
        with pytest.raises(QueryFailed, match=reason):
            make(settings, name, tmp_path / "claim")
    assert not (tmp_path / "claim").exists()
    bundle = make(settings, "days", tmp_path / "claim", raw=False)
    assert (bundle.folder / "query.sql").read_text() == f"{QUERY}\n"
    assert json.loads((bundle.folder / "evidence.json").read_text())["claim"]["claim_id"] == "days"
