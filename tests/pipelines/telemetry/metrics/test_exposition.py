"""Metrics pages, line by line.

A well-formed page is read as Prometheus' own parser reads it. A malformed line costs only itself.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pipelines.telemetry.metrics.exposition import Exposition, Labels, MetricsPage, ParseCounts
from pipelines.telemetry.metrics.vocabulary import label_text

Named = tuple[str, Labels]
PAGES = (
    "vllm/vllm_v1_2025-11_cold.txt",
    "vllm/vllm_0.32_cpu_idle.txt",
    "vllm/vllm_0.32_cpu_loaded.txt",
    "vllm/vllm_0.32_cpu_ngram_speculation.txt",
    "ascend/npu_exporter_v5_testdata_prometheus_metrics.txt",
    "ascend/npu_exporter_mindcluster_docs_910A_excerpt.txt",
    "dcgm/dcgm_exporter_T4.txt",
)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LABELS = st.dictionaries(NAMES, ANY_TEXT, max_size=4)
ONE_LINE = st.text(st.characters(exclude_characters='\n"', exclude_categories=["Cs"]), max_size=60)


def read_all(**bounds: int) -> Exposition[Named]:
    """Make a reader that wants every sample."""
    return Exposition(lambda name, labels, kind: (name, labels), **bounds)


def read(page: bytes | str) -> MetricsPage[Named]:
    return read_all().read(page if isinstance(page, bytes) else page.encode())


def as_written(name: str, page: bytes) -> str:
    """Undo the suffix _total that Prometheus' parser gives every counter; DCGM's have none."""
    return name if f"\n{name}".encode() in page else name.removesuffix("_total")


@pytest.mark.parametrize("name", PAGES)
def test_a_real_page_is_read_as_prometheus_reads_it(recordings: Path, name: str) -> None:
    """The first time, and again from memory."""
    page = (recordings / name).read_bytes()
    families = text_string_to_metric_families(page.decode())
    expected = {
        (as_written(sample.name, page), tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    reader = read_all()
    for _ in range(2):
        found = reader.read(page)
        assert found.samples == expected
        assert found.counts.problems == 0


@given(labels=LABELS, value=st.floats(allow_nan=False, allow_infinity=False))
def test_labels_survive_escaping(labels: dict[str, str], value: float) -> None:
    """Quotes, backslashes, line ends, commas, braces and any script do."""
    found = read(f"family{{{label_text(labels)}}} {value!r}\n")
    assert found.samples == {("family", tuple(sorted(labels.items()))): value}


@given(
    page=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode(errors="replace"))
)
def test_no_bytes_stop_the_reader(page: bytes) -> None:
    """They are read the same way the first and the second time."""
    reader = read_all()
    assert reader.read(page).samples == reader.read(page).samples
    last = reader.read(b"\n" + page + b"\nlast_line 1\n").samples.get(("last_line", ()))
    assert last in {1.0, None}


@given(noise=ONE_LINE)
def test_a_line_of_noise_costs_no_other_line(noise: str) -> None:
    """The sample before and the one after are read."""
    found = read(f"before 1\n{noise}\nafter 2\n")
    assert {("before", ()), ("after", ())} <= found.samples.keys()


@pytest.mark.parametrize(
    "line",
    [
        "no_value",
        "a{b=1} 2",
        'a{b="1} 2',
        'a{b="1",b="2"} 3',
        'a{b="1"',
        "1a 2",
        "a 1 2 3",
        "a one",
        "a 1_000",
        "a \uff11",
        "a 1 soon",
        'a{="x"} 1',
        "{} 1",
    ],
)
def test_a_malformed_line_is_counted_and_skipped(line: str) -> None:
    """It is no sample, and its neighbours are."""
    found = read(f"x 1\n{line}\ny 2\n")
    assert found.samples == {("x", ()): 1.0, ("y", ()): 2.0}
    assert (found.counts.malformed, found.counts.problems) == (1, 1)


def test_values_that_are_no_numbers_are_no_samples() -> None:
    """llama.cpp prints inf where nothing was measured yet."""
    found = read("a NaN\nb +Inf\nc -Inf\nllamacpp:prompt_tokens_seconds inf\nd 1e3\n")
    assert found.samples == {("d", ()): 1000.0}
    assert found.counts == ParseCounts(not_a_number=1, infinite=3)


def test_a_sample_may_have_a_stamp() -> None:
    """npu-exporter has milliseconds, OpenMetrics and some mock pages have seconds.

    A known line is read the same way.
    """
    page = b'power{id="0"} 91.3 1723621883587\ntemperature 40 1606402000\nplain 1\n'
    reader = read_all()
    for _ in range(2):
        found = reader.read(page)
        assert list(found.samples.values()) == [91.3, 40.0, 1.0]
        assert found.stamps == {
            ("power", (("id", "0"),)): 1723621883.587,
            ("temperature", ()): 1606402000.0,
        }
        assert found.counts == ParseCounts(stamped=2)


def test_several_spaces_before_a_value_are_no_stamp() -> None:
    """Also where the series is known already."""
    reader = read_all()
    for page in (b"a 1\n", b"a  2\n", b"a   3\n"):
        found = reader.read(page)
        assert found.samples == {("a", ()): float(page.split()[1])}
        assert found.counts.problems == found.counts.stamped == 0


def test_exemplars_are_ignored() -> None:
    """OpenMetrics puts them after the value."""
    found = read('a_bucket{le="1"} 5 # {trace_id="4 } x"} 0.5 1723621883.5\n# EOF\n')
    assert found.samples == {("a_bucket", (("le", "1"),)): 5.0}
    assert found.counts == ParseCounts(exemplars=1)


def test_of_a_series_given_twice_the_first_sample_counts() -> None:
    """This holds too where its labels have another order."""
    found = read('a{x="1",y="2"} 1\na{y="2",x="1"} 5\na{x="1",y="2",} 6\n')
    assert found.samples == {("a", (("x", "1"), ("y", "2"))): 1.0}
    assert found.counts == ParseCounts(duplicates=2)


def test_a_page_that_came_as_a_json_string_is_unquoted() -> None:
    """One release of llama.cpp sent it like that."""
    found = read(json.dumps('# TYPE a counter\na{b="c"} 1\n'))
    assert found.samples == {("a", (("b", "c"),)): 1.0}
    assert found.counts == ParseCounts(quoted=1)


def test_lines_in_another_encoding_are_counted() -> None:
    """The text of comments is not read, so their encoding does not matter."""
    found = read("# HELP a 温度\n".encode("gbk") + 'a{n="温"} 1\n'.encode("gbk") + b"b 2\n")
    assert found.samples == {("b", ()): 2.0}
    assert found.counts == ParseCounts(foreign=1)


def test_a_page_that_is_too_large_is_cut_after_a_whole_line() -> None:
    """Half a number would be another number."""
    found = read_all(max_bytes=10).read(b"a 1234\nb 5678\n")
    assert found.samples == {("a", ()): 1234.0}
    assert found.counts == ParseCounts(cut=1)


def test_line_ends_of_windows_and_a_byte_order_mark_are_read() -> None:
    """A proxy may have changed the page."""
    assert read(b"\xef\xbb\xbfa 1\r\n\r\nb 2\r\n").samples == {("a", ()): 1.0, ("b", ()): 2.0}


def test_labels_that_never_repeat_do_not_fill_the_memory() -> None:
    """The memory of a reader is bounded, and a forgotten line is parsed again."""
    reader = read_all(max_known=10)
    for number in range(100):
        found = reader.read(f'a{{request="{number}"}} {number}\nb 1\n'.encode())
        assert found.samples[("b", ())] == 1.0


def test_the_kind_that_a_page_declares_reaches_the_caller() -> None:
    """The parts of a histogram have its kind."""
    kinds: dict[str, str] = {}
    reader: Exposition[str] = Exposition(
        lambda name, labels, kind: f"{name} {kinds.setdefault(name, kind)}"
    )
    reader.read(b"# TYPE a histogram\n# TYPE b_total counter\na_sum 1\nb_total 2\nc 3\n")
    assert kinds == {"a_sum": "histogram", "b_total": "counter", "c": ""}
