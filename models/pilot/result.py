"""Result of a pilot as plain values: what is printed, drawn, written as JSON and loaded.

It says what was compared and how, what both servers do, and the differences; it holds no prompt, no
completion but the first difference of a greedy one, and no secret.
"""

import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from models.loadgen.output import BOTTLENECKS
from models.loadgen.replay import LoadTest
from models.loadgen.report import LoadTestReport, Objectives, summarise
from models.pilot.blocks import SIDES, Side
from models.pilot.differences import LEVEL, PairedDifference
from models.pilot.intervals import RESAMPLES
from models.pilot.prepare import Preparation
from models.pilot.run import PilotRun, PilotServer

FORMAT = 1
SECRET = re.compile(r"(?i)(\S*(?:key|token|secret|password))(=|\s+)(\S+)")


@dataclass(frozen=True)
class ServerDescription:
    """Words of a person, and of the tier file, on one server."""

    start_command: str | None = None
    target: str | None = None  # of the tier file
    devices: int | None = None
    device_kind: str | None = None
    rated_watts: float | None = None  # of all devices: what energy costs where none is measured


@dataclass(frozen=True)
class PilotDescription:
    """Settings of a pilot, and its arrivals in words."""

    name: str
    arrivals: str
    seed: int
    endpoint: str
    temperature: float
    version: str
    servers: Mapping[Side, ServerDescription]


def make_result(
    run: PilotRun,
    found: Preparation,
    servers: Mapping[Side, PilotServer],
    described: PilotDescription,
    objectives: Objectives,
    differences: list[PairedDifference],
    started_at: datetime,
    ended_at: datetime,
) -> dict[str, Any]:
    """Make the result of a pilot, whole or stopped."""
    reports = {side: _report(run, side, objectives) for side in SIDES}
    seed = f"{started_at.isoformat()} {servers['a'].target.url} {servers['b'].target.url}"
    return {
        "format": FORMAT,
        "pilot_id": f"{started_at:%Y%m%dT%H%M%SZ}-{sha256(seed.encode()).hexdigest()[:8]}",
        "name": described.name,
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "version": described.version,
        "client_machine": client_machine(),
        "arrivals": described.arrivals,
        "seed": described.seed,
        "endpoint": described.endpoint,
        "temperature": described.temperature,
        "is_stream": found.is_stream,
        "ignores_eos": found.ignores_eos,
        "objectives_ms": objectives.limits_ms,
        "blocks": len(run.blocks),
        "planned_blocks": run.planned,
        "was_stopped": run.was_stopped,
        "requests": sum(len(each.block.arrivals) for each in run.blocks),
        "level": LEVEL,
        "resamples": RESAMPLES,
        "servers": {
            side: _server(side, servers[side], described.servers[side], found, reports[side])
            for side in SIDES
        },
        "greedy": _greedy(found),
        "differences": [{**asdict(each), "is_distinct": each.is_distinct} for each in differences],
        "notes": [
            *_notes(run, found, servers, reports),
            *_objective_notes(objectives),
            *_cost_notes(run, described, differences),
        ],
    }


def client_machine() -> str:
    """Describe the machine that sends the requests, without its name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count() or 'unknown'} cores"


def mask_secrets(command: str) -> str:
    """Replace values of options and variables whose names say that they are secrets."""
    return SECRET.sub(r"\1\2***", command)


def _report(run: PilotRun, side: Side, objectives: Objectives) -> LoadTestReport:
    tests = [each.tests[side] for each in run.blocks]
    whole = LoadTest(
        planned=sum(each.planned for each in tests),
        elapsed_s=sum(each.elapsed_s for each in tests),
        cpu_s=sum(each.cpu_s for each in tests),
        records=run.records(side),
    )
    return summarise(whole, objectives)


def _server(
    side: Side,
    server: PilotServer,
    described: ServerDescription,
    found: Preparation,
    report: LoadTestReport,
) -> dict[str, Any]:
    first = found.first_tokens[side]
    return {
        "url": server.target.url,
        "model": server.model,
        **asdict(described),
        "first_request_seconds": first.request_s,
        "start_to_first_token_seconds": first.since_start_s,
        "start_reason": first.reason,
        "sent": report.sent,
        "completed": report.answered,
        "failures": [asdict(each) for each in report.failures],
        "prompt_tokens": report.prompt_tokens,
        "output_tokens": None if report.estimated else report.output_tokens,
        "latencies": {
            name: asdict(each) if each else None
            for name, each in (("ttft", report.ttft), ("tpot", report.tpot), ("e2e", report.e2e))
        },
        "checks": [asdict(each) for each in found.checks[side]],
    }


def _greedy(found: Preparation) -> dict[str, Any] | None:
    return None if found.greedy is None else {**asdict(found.greedy), "reason": found.greedy.reason}


def _notes(
    run: PilotRun,
    found: Preparation,
    servers: Mapping[Side, PilotServer],
    reports: Mapping[Side, LoadTestReport],
) -> Iterator[str]:
    if run.was_stopped:
        yield (
            f"The pilot was stopped after {len(run.blocks)} of {run.planned} blocks; the figures "
            "are those until then. The open block is left out."
        )
    if servers["a"].target.url == servers["b"].target.url:
        yield (
            "Both are one server. Its prefix cache may know each prompt from the first of the two "
            "times that it comes."
        )
    if servers["a"].model != servers["b"].model:
        yield (
            f"The models have two names ({servers['a'].model}, {servers['b'].model}); the "
            "differences are those of the models too."
        )
    if not found.is_stream:
        yield "A server does not stream, so neither was asked to, and no first token was seen."
    counts = {side: reports[side].output_tokens for side in SIDES}
    if not found.ignores_eos and counts["a"] != counts["b"]:
        yield (
            "The servers may end completions at different lengths, since one does not support "
            "ignore_eos: whole latencies compare different amounts of work."
        )
    for side in SIDES:
        if failed := reports[side].failed:
            yield (
                f"{failed} of {reports[side].sent} requests of {side.upper()} failed; latencies "
                "are those of requests that both servers completed."
            )
        if reports[side].bottlenecks:
            reasons = ", ".join(BOTTLENECKS[each] for each in reports[side].bottlenecks)
            yield (
                f"While {side.upper()} ran, the load generator was the bottleneck: {reasons}. "
                "Lower --rate or --speed, or run it on another machine."
            )


def _objective_notes(objectives: Objectives) -> Iterator[str]:
    if not objectives.limits_ms:
        yield (
            "No objectives are set, so every completed request counts as goodput. --ttft-ms, "
            "--tpot-ms and --e2e-ms set them."
        )


def _cost_notes(
    run: PilotRun, described: PilotDescription, differences: list[PairedDifference]
) -> Iterator[str]:
    """Say whose cost takes rated power: a device that is not busy takes less."""
    if all(each.a is None for each in differences if each.metric == "usd_per_mtok"):
        return
    for side in SIDES:
        unmeasured = sum(each.joules.get(side) is None for each in run.blocks)
        if unmeasured and (watts := described.servers[side].rated_watts) is not None:
            yield (
                f"Power of {side.upper()} was not measured in {unmeasured} of {len(run.blocks)} "
                f"blocks; its cost takes the rated power there, {watts:g} W, which is more than "
                "devices take that wait."
            )
