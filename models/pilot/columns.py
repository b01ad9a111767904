"""Figures of a pilot by metric and block, with what each is divided by.

A figure that cannot be known is an `UnknownFigure`, whose message is the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.loadgen.records import RequestRecord
from models.loadgen.report import Objectives
from models.pilot.blocks import SIDES, Side
from models.pilot.intervals import Ratio
from models.pilot.run import BlockRun, PilotRun

MetricName = Literal[
    "ttft_ms",
    "tpot_ms",
    "e2e_ms",
    "goodput_per_second",
    "output_tokens_per_second",
    "completed_share",
    "joules_per_token",
    "usd_per_mtok",
]


@dataclass(frozen=True)
class DeviceTerms:
    """Cost of a server's devices. A reason stands where it is not known."""

    usd_per_second: float | None = None  # without energy
    usd_per_joule: float | None = None  # at the building's overhead
    rated_watts: float | None = None  # of all devices, for the cost where no power is measured
    cost_reason: str | None = None
    energy_reason: str | None = None


NO_STREAM = "a server does not stream, so nobody saw a first token"
UNKNOWN_TERMS = DeviceTerms(
    cost_reason="no target of a tier file is named for it",
    energy_reason="no target of a tier file is named for it",
)


class UnknownFigure(Exception):
    """A metric that cannot be known; its message is the reason, which becomes a row."""


@dataclass(frozen=True)
class PairedColumns:
    """A metric by block, of both servers, and how many pairs it rests on."""

    a: Sequence[Ratio]
    b: Sequence[Ratio]
    pairs: int


def columns_or_reason(
    name: MetricName,
    run: PilotRun,
    objectives: Objectives,
    terms: Mapping[Side, DeviceTerms],
    is_stream: bool,
) -> PairedColumns | str:
    """Return a metric's figures by block, or the reason for which it cannot be known."""
    if not run.blocks:
        return "no block was completed"
    columns: dict[MetricName, Callable[[], PairedColumns]] = {
        "goodput_per_second": lambda: _goodput(run, objectives, is_stream),
        "output_tokens_per_second": lambda: _by_block(run, _output_tokens, _seconds),
        "completed_share": lambda: _completed(run),
        "joules_per_token": lambda: _by_block(run, _joules(terms), _output_tokens),
        "usd_per_mtok": lambda: _by_block(run, _usd(terms), _all_mtok),
    }
    try:
        return columns[name]() if name in columns else _latencies(name, run, is_stream)
    except UnknownFigure as error:
        return str(error)


BlockFigure = Callable[[BlockRun, Side], float]


def _by_block(run: PilotRun, sum_of: BlockFigure, divided_by: BlockFigure) -> PairedColumns:
    columns = {
        side: [Ratio(sum_of(each, side), divided_by(each, side)) for each in run.blocks]
        for side in SIDES
    }
    for side in SIDES:
        if not sum(each.of for each in columns[side]):
            raise UnknownFigure(f"{side.upper()} completed no request with tokens")
    return PairedColumns(columns["a"], columns["b"], len(run.blocks))


def _latencies(name: MetricName, run: PilotRun, is_stream: bool) -> PairedColumns:
    if not is_stream and name != "e2e_ms":
        raise UnknownFigure(NO_STREAM)
    if name == "tpot_ms":
        _check_counts(run)
    columns: dict[Side, list[Ratio]] = {"a": [], "b": []}
    pairs = 0
    for block in run.blocks:
        both = _paired_milliseconds(name, block)
        # A block in which nobody completed anything says nothing of latencies.
        if both:
            pairs += len(both)
            for index, side in enumerate(SIDES):
                columns[side].append(Ratio(sum(each[index] for each in both), len(both)))
    if pairs == 0:
        raise UnknownFigure("no request was completed by both servers with such a figure")
    return PairedColumns(columns["a"], columns["b"], pairs)


def _paired_milliseconds(name: MetricName, block: BlockRun) -> list[tuple[float, float]]:
    known: dict[Side, dict[int, float]] = {}
    for side in SIDES:
        known[side] = {
            each.number: 1000 * seconds
            for each in block.records(side)
            if each.error is None and (seconds := _latency_s(name, each)) is not None
        }
    numbers = sorted(known["a"].keys() & known["b"].keys())
    return [(known["a"][number], known["b"][number]) for number in numbers]


def _latency_s(name: MetricName, record: RequestRecord) -> float | None:
    match name:
        case "ttft_ms":
            return record.ttft_s
        case "tpot_ms":
            return record.tpot_s
        case _:
            return record.e2e_s


def _completed(run: PilotRun) -> PairedColumns:
    return PairedColumns(
        [_share_completed(each, "a") for each in run.blocks],
        [_share_completed(each, "b") for each in run.blocks],
        sum(len(each.block.arrivals) for each in run.blocks),
    )


def _share_completed(block: BlockRun, side: Side) -> Ratio:
    records = block.tests[side].records
    return Ratio(sum(each.error is None for each in records), len(records))


def _goodput(run: PilotRun, objectives: Objectives, is_stream: bool) -> PairedColumns:
    if not is_stream and (objectives.ttft_s or objectives.tpot_s):
        raise UnknownFigure(NO_STREAM)
    if objectives.tpot_s is not None:
        _check_counts(run)

    def good(block: BlockRun, side: Side) -> float:
        return sum(objectives.are_met(each) for each in block.tests[side].records)

    return _by_block(run, good, _seconds)


def _seconds(block: BlockRun, side: Side) -> float:
    return block.tests[side].elapsed_s


def _check_counts(run: PilotRun) -> None:
    """Raise if a server did not count its tokens."""
    for block in run.blocks:
        for side in SIDES:
            _output_tokens(block, side)


def _output_tokens(block: BlockRun, side: Side) -> float:
    return sum(_counted(each, side, "output_tokens") for each in _completed_records(block, side))


def _all_mtok(block: BlockRun, side: Side) -> float:
    prompts = sum(_counted(each, side, "prompt_tokens") for each in _completed_records(block, side))
    return (prompts + _output_tokens(block, side)) / 1e6


def _completed_records(block: BlockRun, side: Side) -> list[RequestRecord]:
    return [each for each in block.tests[side].records if each.error is None]


def _counted(
    record: RequestRecord, side: Side, name: Literal["prompt_tokens", "output_tokens"]
) -> int:
    """Return the server's count. Raise where it has none: a piece may hold several tokens."""
    count: int | None = getattr(record, name)
    if record.is_estimated or count is None:
        raise UnknownFigure(f"{side.upper()} does not report its token counts (`usage`)")
    return count


def _joules(terms: Mapping[Side, DeviceTerms]) -> BlockFigure:
    def joules(block: BlockRun, side: Side) -> float:
        measured = block.joules.get(side)
        if measured is None:
            reason = terms[side].energy_reason or "its power was not known in every block"
            raise UnknownFigure(f"energy of {side.upper()}: {reason}")
        return measured

    return joules


def _usd(terms: Mapping[Side, DeviceTerms]) -> BlockFigure:
    def usd(block: BlockRun, side: Side) -> float:
        known, seconds = terms[side], _seconds(block, side)
        if known.cost_reason or known.usd_per_second is None or known.usd_per_joule is None:
            raise UnknownFigure(f"cost of {side.upper()}: {known.cost_reason or 'not known'}")
        joules = block.joules.get(side)
        if joules is None:
            if known.rated_watts is None:
                raise UnknownFigure(f"cost of {side.upper()}: its power is not known")
            joules = known.rated_watts * seconds
        return known.usd_per_second * seconds + known.usd_per_joule * joules

    return usd
