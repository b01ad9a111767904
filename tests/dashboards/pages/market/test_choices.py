"""Choices on the market page, as queries take them and as titles say them."""

from pathlib import Path

import pytest
from support.dashboard.browser import context_of
from support.published import published

from dashboards.components.filters import read_filters
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages.market.choices import DEFAULT_MEMBER, MarketChoice, controls
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings


@pytest.fixture
def bare(tmp_path: Path) -> OpenGeneration:
    """Return a generation without any share."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


def choice(generation: OpenGeneration, search: str) -> MarketChoice:
    return MarketChoice.read(read_filters(search, controls(generation)))


def test_without_a_choice_the_platform_is_shown_by_author(bare: OpenGeneration) -> None:
    made = choice(bare, "")
    assert made.shares == {
        "basis": "platform",
        "attribution": "releasing_lab",
        "dimension": "author",
    }
    assert (made.period.words, made.view) == ("no day", "stacked")
    assert made.of_words == "all tokens of the platform"


def test_choices_are_said_in_words(bare: OpenGeneration) -> None:
    made = choice(bare, "?dimension=weights&basis=top9&attribution=base_lab&weeks=4")
    assert made.by == "open or closed weights"
    assert made.of_words == "the tokens of the week's nine largest models"
    assert made.whose_words == "by lab of the base model"


def test_a_member_is_a_dimension_and_a_name(bare: OpenGeneration) -> None:
    """Open weights where there are no members to choose from."""
    made = choice(bare, "?one=author:deepseek")
    assert (made.member_dimension, made.member) == ("weights", "open")
    [options] = [each.options for each in controls(bare) if each.name == "one"]
    assert list(options) == [DEFAULT_MEMBER]


@pytest.mark.slow
def test_the_period_is_of_days_that_the_file_holds(generation: OpenGeneration) -> None:
    made = choice(generation, "?weeks=2026-11-02..2030-01-01")
    assert made.period.words == "2 Nov 2026 to 24 Nov 2026"


@pytest.mark.slow
def test_members_of_the_file_can_be_chosen(generation: OpenGeneration) -> None:
    made = choice(generation, "?one=author:deepseek")
    assert (made.member_dimension, made.member) == ("author", "deepseek")
