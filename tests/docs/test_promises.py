"""docs/promises.md is what its generator makes, and every test that it names exists."""

import importlib.util
import re
from types import ModuleType

import pytest
from support.rules.source_files import ROOT


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("promises", ROOT / "docs/hooks/promises.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_generated_one(generator: ModuleType) -> None:
    """`make faults` writes it; `python docs/hooks/promises.py` does it without new results."""
    page = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    assert page == generator.render(*generator.read())


def test_the_test_of_each_promise_exists(generator: ModuleType) -> None:
    promises, _ = generator.read()
    assert len(promises) > 9
    for promise in promises:
        path, _, name = promise["test"].partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), promise["test"]


def test_every_result_belongs_to_a_promise(generator: ModuleType) -> None:
    """A figure that no row shows would be counted in the total all the same."""
    promises, results = generator.read()
    for name in results:
        assert any(generator.belongs(name, promise) for promise in promises), name


def test_a_promise_without_a_result_is_not_said_to_be_measured(generator: ModuleType) -> None:
    promises = [{"text": "t", "test": "tests/a.py::test_b", "result": "r"}]
    assert "not measured at length yet" in generator.render(promises, {})
    found = {"r": {"measured_on": "2026-11-29", "kills": 1200}}
    assert "1,200 kills, none broken (2026-11-29)" in generator.render(promises, found)
