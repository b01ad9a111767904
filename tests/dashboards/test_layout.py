"""The frame around the pages: navigation, warnings, and the line about the generation."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.dashboard.browser import context_of
from support.dashboard.components import class_of, find_all, text_of

from dashboards.generation_meta import GenerationMeta
from dashboards.layout import build_banner, build_facts, build_layout, nothing_published
from dashboards.pages import PAGES


def meta(hours: float = 1, origin: str = "data_api") -> GenerationMeta:
    """Return the meta of a generation that was published this many hours ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    return GenerationMeta(7, at, at, date(2026, 6, 19), origin, "A citation.")


def test_fresh_real_figures_have_no_warning() -> None:
    assert build_banner(meta()) is None


def test_simulated_figures_are_never_taken_for_real_ones() -> None:
    made = build_banner(meta(origin="simulated"))
    assert "None of them is real" in text_of(made)
    assert [text_of(badge) for badge in find_all(made, "Span")] == ["simulated"]


def test_an_old_generation_says_what_to_check() -> None:
    """And both warnings may stand together."""
    made: Any = build_banner(meta(hours=50, origin="simulated"))
    assert len(made.children) == 2
    assert "50 hours old" in text_of(made)
    assert "`tokentide status`" in text_of(made)
    assert class_of(made.children[1]) == "banner stale"


def test_the_facts_name_the_generation_and_its_last_day() -> None:
    made = build_facts(meta())
    assert "generation 7, market up to 2026-06-19, published" in text_of(made)
    assert getattr(made, "data-generation") == "7"


def test_before_anything_is_published_the_page_says_what_to_run() -> None:
    assert "`tokentide ingest market`" in text_of(nothing_published())


@pytest.mark.parametrize("dagster_url", [None, "http://127.0.0.1:3000"])
def test_every_page_is_in_the_navigation(tmp_path: Path, dagster_url: str | None) -> None:
    """Dagster too, where one runs."""
    made = build_layout(context_of(tmp_path, dagster_url=dagster_url), None)
    links = [(link.label, link.href) for link in find_all(made, "NavLink")]
    assert links == [(page.name, page.path) for page in PAGES]
    outside = [link.href for link in find_all(made, "A") if class_of(link) == "outside"]
    assert outside == ([dagster_url] if dagster_url else [])


def test_a_keyboard_can_skip_the_navigation(tmp_path: Path) -> None:
    made = build_layout(context_of(tmp_path), None)
    assert ("skip", "#main") in [(class_of(link), link.href) for link in find_all(made, "A")]
