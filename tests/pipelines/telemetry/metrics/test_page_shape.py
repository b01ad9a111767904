"""Shapes of pages: what is read by its shape is what is read line by line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.telemetry.metrics.exposition import Exposition, Labels, MetricsPage
from pipelines.telemetry.metrics.page_shape import PageShapes

Named = tuple[str, Labels]
LINES = (
    "# HELP a of all\n# TYPE a gauge\n",
    'a{{model="m 1"}} {}\n',
    "a {}\n",
    "b_total {}\n",
    "unwanted_one {}\n",
    'unwanted_two{{x="1"}} {}\n',
    "\n",
)
VALUES = st.sampled_from(
    [
        "1",
        "2.5",
        "1e300",
        "",
        " ",
        "NaN",
        "+Inf",
        "1_0",
        "x",
        " 1",
        "1 1712345678",
        '1 # {e="1"} 2',
        "1\t",
    ]
)
PAGES = st.lists(st.tuples(st.sampled_from(LINES), VALUES), max_size=9).map(
    lambda lines: "".join(line.format(value) for line, value in lines).encode()
)
PAGE = b'# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\nunwanted 3\n'


def wants(name: str, labels: Labels, kind: str) -> Named | None:
    return None if name.startswith("unwanted") else (name, labels)


def facts(page: MetricsPage[Named]) -> tuple[object, ...]:
    """Return all that a page gave, also what counts leave out when they are compared."""
    counts = page.counts
    return (list(page.samples.items()), page.stamps, counts, counts.lines, counts.unknown_families)


@given(st.lists(PAGES, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8))
def test_a_known_shape_changes_nothing(pages: list[bytes], order: list[int]) -> None:
    """Pages come in any order, and again."""
    quick, slow = Exposition(wants), Exposition(wants, max_shapes=0)
    for number in order:
        page = pages[number % len(pages)]
        assert facts(quick.read(page)) == facts(slow.read(page))


def test_a_real_page_has_a_shape(recordings: Path) -> None:
    """It is read by its shape with other values too, and gives what every line of it gives."""
    page = (recordings / "vllm" / "vllm_0.32_cpu_loaded.txt").read_bytes()
    reader: Exposition[Named] = Exposition(wants)
    first = reader.read(page)
    later = page.replace(b" 0.0\n", b" 7.5\n")
    shapes: PageShapes[str] = PageShapes()
    texts = {line.rpartition(" ")[0] for line in page.decode().splitlines() if line[:1] != "#"}
    shapes.remember(page, lambda text: text if text in texts else None, lambda text: None)
    found = shapes.find(later)
    assert found is not None
    assert found[1] == list(reader.read(later).samples.values()) != list(first.samples.values())


@pytest.mark.parametrize(
    "other",
    [
        PAGE.replace(b"gauge", b"counter"),
        PAGE.replace(b'x="2"', b'x="3"'),
        PAGE.replace(b" 3", b" 3 1712345678"),
        PAGE.replace(b" 2", b" 2_0"),
        PAGE.replace(b" 2", b" NaN"),
        PAGE.replace(b" 2", b" many"),
        PAGE + b"b 1\n",
    ],
)
def test_another_page_is_of_another_shape(other: bytes) -> None:
    """A comment, labels, a stamp, a value that is no number, a line more."""
    shapes: PageShapes[str] = PageShapes()
    shapes.remember(PAGE + b"\n", {'a{x="1"}': "1", 'a{x="2"}': "2"}.get, {"unwanted": "u"}.get)
    found = shapes.find(PAGE.replace(b" 2", b" 5") + b"\n")
    assert found is not None
    assert found[1] == [1.0, 5.0]
    assert shapes.find(other + b"\n") is None


def test_shapes_are_bounded_and_give_way_once_they_were_of_use() -> None:
    """Pages that never come twice do not push out those that do."""
    shapes: PageShapes[str] = PageShapes(max_shapes=2)

    def page(number: int) -> bytes:
        return f"# a\n# b\na{number} 1\nb{number} 2\n".encode()

    def remember(number: int) -> None:
        series = {f"a{number}": "a", f"b{number}": "b"}
        shapes.remember(page(number), series.get, lambda text: None)

    for number in range(5):
        remember(number)
    assert [shapes.find(page(number)) is not None for number in range(5)] == [True] * 2 + [
        False
    ] * 3
    remember(3)
    assert [shapes.find(page(number)) is not None for number in (0, 3)] == [False, True]
