"""`tokentide plan`: what a person reads, what a program reads, and what is refused."""

import json
from typing import Any

import pytest
from support.cli.paper import Paper
from support.planner.plans import MARTS
from support.published import published
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.plan import show_plan
from pipelines.errors import BadSetting, QueryFailed
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish a small market and tier with known figures. Tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("plan") / "home")
    published(settings, MARTS)
    return settings


def run(home: Settings, *options: str) -> Any:
    """Run the verb in this process, in this home."""
    return CliRunner(env={"TOKENTIDE_HOME": str(home.home)}).invoke(app, ["plan", *options])


def answer(home: Settings, *options: str) -> dict[str, Any]:
    """Return what the verb prints as JSON."""
    done = run(home, *options, "--json")
    assert done.exit_code == 0, done.exception
    found: dict[str, Any] = json.loads(done.output)
    return found


def test_a_program_reads_the_verdict_the_inputs_and_the_figures(home: Settings) -> None:
    """A price that is not known is null, with its reason."""
    plan = answer(home, "lab/m")
    assert (plan["model"], plan["verdict"]) == ("lab/m", "Open")
    assert plan["sentence"].startswith("Open: at a load of 25% a million tokens of lab/m cost ")
    assert plan["inputs"][0] == {"name": "Devices", "value": "2", "basis": "of ours on 2026-06-18"}
    prices = {row["kind"]: row for row in plan["figures"]}
    assert prices["cheapest"]["market_usd"] == pytest.approx(1.6)
    assert prices["cheapest"]["price_date"] == "2026-06-18"
    assert prices["modal"]["market_usd"] is None
    assert prices["modal"]["price_reason"] == "no modal price on 2026-06-18"
    assert plan["address"] == "/plan?model=lab%2Fm"


def test_without_a_model_the_one_that_is_served_most_counts(home: Settings) -> None:
    assert answer(home)["model"] == "lab/m"


def test_a_person_reads_the_sentence_first_and_then_the_tables(
    home: Settings, paper: Paper
) -> None:
    plan = answer(home, "lab/m", "--devices", "4")
    show_plan(paper, plan)
    assert paper.words.startswith(plan["sentence"])
    lines = paper.text.splitlines()
    [ours] = [line for line in lines if line.startswith("│ ours ")]
    assert "$2.02 ($2.02 to $2.69)" in ours
    [cheapest] = [line for line in lines if line.startswith("│ cheapest host ")]
    assert "$1.60, Cheap, 2026-06-18" in cheapest
    assert "32% (32% to 42%)" in cheapest
    assert "│ Devices " in paper.text
    assert "On the dashboard: /plan?model=lab%2Fm&devices=4" in paper.words


def test_every_option_reaches_the_plan(home: Settings) -> None:
    options = {
        "--target": "none",
        "--preset": "h100",
        "--devices": "8",
        "--device-price": "1",
        "--watts": "2",
        "--idle-watts": "1",
        "--tokens-per-second": "1-3",
        "--load": "0.5",
        "--prompt-share": "0.5",
        "--cached-share": "0.25",
        "--energy": "0.5",
        "--pue": "2",
        "--amortisation": "5",
        "--other-costs": "7",
        "--date": "2026-06-17",
    }
    words = [word for pair in options.items() for word in pair]
    plan = answer(home, "lab/m", *words)
    for option, value in options.items():
        name = option.removeprefix("--").replace("-", "_")
        assert f"{name}={value}" in plan["address"]
    first = plan["figures"][0]
    assert (first["price_date"], first["target"], first["preset"]) == ("2026-06-17", None, "h100")
    assert {each["basis"] for each in plan["inputs"]} == {"given", "assumed: given, not measured"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("lab/mm",), "Model: there is no “lab/mm” in this generation. Try lab/m"),
        (("--target", "our"), "Measured by: there is no “our” in this generation. Try ours."),
        (("--preset", "h1000"), "Kind of device: there is no “h1000”"),
        (("--load", "3"), "Load: “3” is not a number from 0 to 1."),
        (("--date", "today"), "Day: “today” is not a day such as 2026-06-18."),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(
    home: Settings, options: tuple[str, ...], message: str
) -> None:
    error = run(home, *options).exception
    assert isinstance(error, BadSetting)
    assert message in str(error)


def test_a_generation_without_the_tables_says_how_to_build_one(market: Settings) -> None:
    error = run(market, "lab/one").exception
    assert isinstance(error, QueryFailed)
    assert "Run `tokentide publish`" in str(error)


def test_a_home_without_a_generation_is_refused(tmp_path: Any) -> None:
    error = run(Settings(home=tmp_path / "home"), "lab/m").exception
    assert "Run `tokentide ingest market`" in str(error)
