"""Choices of the pages of our tier: target, model, window, and how much a point covers."""

from pathlib import Path

import pytest
from support.dashboard.browser import context_of
from support.published import MARTS, published

from dashboards.components.filters import read_filters
from dashboards.components.served import Served, read_served, served_controls
from dashboards.generations import GenerationStore, OpenGeneration
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SERVED = (Path(__file__).parents[2] / "support/dashboard/served.sql").read_text()


def generation_of(home: Path, sql: str) -> OpenGeneration:
    settings = Settings(home=home)
    published(settings, f"{MARTS}; {sql}")
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    """Return a generation in which ten targets served, the last one most."""
    return generation_of(tmp_path_factory.mktemp("served"), SERVED)


def read(generation: OpenGeneration, search: str = "") -> Served:
    return read_served(read_filters(search, served_controls(generation)), generation)


def test_everything_ever_served_can_be_chosen(generation: OpenGeneration) -> None:
    target, model, window = served_controls(generation)
    assert [value for value, _ in target.options] == ["", *[f"tier-{n}" for n in range(10)]]
    assert list(model.options) == [("", "All models"), ("glm", "glm"), ("kimi", "kimi")]
    assert window.default == "24"


def test_of_many_targets_the_busiest_are_drawn_and_the_rest_is_counted(
    generation: OpenGeneration,
) -> None:
    served = read(generation)
    assert served.targets == tuple(f"tier-{n}" for n in range(9, 1, -1))
    assert served.left_out.startswith("Lines show 8 of 10 targets")


def test_a_chosen_target_is_drawn_alone(generation: OpenGeneration) -> None:
    served = read(generation, "?target=tier-3")
    assert (served.targets, served.left_out) == ((), "")
    assert served.lines["target"] == "tier-3"


def test_a_model_narrows_the_targets(generation: OpenGeneration) -> None:
    """Five targets serve it, which is few enough to draw all."""
    assert read(generation, "?model=kimi").targets == ()


@pytest.mark.parametrize(
    ("window", "hours", "step", "each"),
    [("6", 6, 1, "hour"), ("168", 168, 1, "hour"), ("720", 720, 24, "day"), ("0", 0, 24, "day")],
)
def test_beyond_a_week_a_point_is_a_day(
    generation: OpenGeneration, window: str, hours: int, step: int, each: str
) -> None:
    served = read(generation, f"?window={window}")
    assert (served.hours, served.step, served.each) == (hours, step, each)
    assert ("middle hour" in served.middle) == (each == "day")


def test_parameters_grow_from_pair_to_window_to_lines(generation: OpenGeneration) -> None:
    served = read(generation, "?target=tier-3&model=glm")
    assert served.pair == {"target": "tier-3", "model": "glm"}
    assert served.window == {**served.pair, "hours": 24}
    assert served.lines == {**served.window, "drawn": [], "step": 1}


def test_without_telemetry_there_is_nothing_to_choose(tmp_path: Path) -> None:
    bare = generation_of(tmp_path / "home", "select 1")
    target, model, _ = served_controls(bare)
    assert (len(target.options), len(model.options)) == (1, 1)
    assert read(bare).targets == ()
