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
    service, target, model, window = served_controls(generation)
    others = [f"tier-{n}" for n in range(3, 10)]
    assert [value for value, _ in service.options] == ["", "pool", *others]
    assert [value for value, _ in target.options] == ["", *[f"tier-{n}" for n in range(10)]]
    assert list(model.options) == [("", "All models"), ("glm", "glm"), ("kimi", "kimi")]
    assert window.default == "24"


def test_a_target_that_is_gone_is_named_so(generation: OpenGeneration) -> None:
    _, target, *_ = served_controls(generation)
    labels = dict(target.options)
    assert labels["tier-1"] == "tier-1 (gone since 2026-06-19 10:30)"
    assert labels["tier-2"] == "tier-2"


def test_services_are_lines_and_the_rest_is_counted(generation: OpenGeneration) -> None:
    """Eight services of ten targets are few enough to draw all; two are not."""
    assert (read(generation).by, read(generation).drawn, read(generation).left_out) == (
        "service",
        (),
        "",
    )
    filters = read_filters("", served_controls(generation))
    few = read_served(filters, generation, max_lines=2)
    assert few.drawn == ("tier-9", "tier-8")
    assert few.left_out.startswith("Lines show 2 of 8 services")


def test_a_chosen_service_is_opened_into_its_targets(generation: OpenGeneration) -> None:
    served = read(generation, "?service=pool")
    assert (served.by, served.lines["service"]) == ("target", "pool")
    filters = read_filters("?service=pool", served_controls(generation))
    few = read_served(filters, generation, max_lines=2)
    assert few.drawn == ("tier-2", "tier-1")
    assert few.left_out.startswith("Lines show 2 of 3 targets")


def test_a_chosen_target_is_drawn_alone(generation: OpenGeneration) -> None:
    """An address from before services were known still names one."""
    served = read(generation, "?target=tier-3")
    assert (served.by, served.drawn, served.left_out) == ("target", (), "")
    assert served.lines["target"] == "tier-3"


def test_a_model_narrows_the_services(generation: OpenGeneration) -> None:
    filters = read_filters("?model=kimi", served_controls(generation))
    assert read_served(filters, generation, max_lines=5).drawn == ()


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
    assert served.pair == {"service": "", "target": "tier-3", "model": "glm"}
    assert served.window == {**served.pair, "hours": 24}
    assert served.lines == {**served.window, "by": "target", "drawn": [], "step": 1}


def test_without_telemetry_there_is_nothing_to_choose(tmp_path: Path) -> None:
    bare = generation_of(tmp_path / "home", "select 1")
    service, target, model, _ = served_controls(bare)
    assert (len(service.options), len(target.options), len(model.options)) == (1, 1, 1)
    assert read(bare).drawn == ()
