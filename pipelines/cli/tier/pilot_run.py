"""One pilot for the command: servers are started, compared, and ended, whatever happens."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import typer

from models.errors import TierError
from models.loadgen.arrivals import Arrival, cap_tokens, scale_speed
from models.loadgen.prompts import RequestOptions
from models.loadgen.report import Objectives
from models.loadgen.target import LoadTarget
from models.loadgen.traces import read_trace
from models.pilot.blocks import MIN_BLOCKS, SIDES, Side, draw_arrivals, plan_blocks, take_minutes
from models.pilot.columns import DeviceTerms
from models.pilot.conduct import Pilot, conduct
from models.pilot.differences import compute_differences
from models.pilot.prepare import FirstToken, find_model, time_first_token
from models.pilot.result import (
    PilotDescription,
    ServerDescription,
    make_result,
    mask_secrets,
)
from models.pilot.run import EnergyMeter, PilotRun, PilotServer
from pipelines.cli.tier.pilot_options import STOPPED, PilotOptions
from pipelines.errors import BadSetting, PilotFailed
from pipelines.pilots.device_terms import find_target_of, terms_of
from pipelines.pilots.power_meter import TargetPowerMeter
from pipelines.settings import Settings
from pipelines.supervision.started_server import is_up, split_command, started_server
from pipelines.telemetry.config.headers import resolve_headers
from pipelines.telemetry.config.tier import Target, Tier, read_tier

Say = Callable[[str], None]
DEMO_TRACE = "demo_trace.csv"
LINE_SECONDS = 10.0  # between two lines of one block


def make_pilot(options: PilotOptions, settings: Settings, say: Say) -> dict[str, Any]:
    """Make the pilot and return its result; raise PilotFailed if there is none."""
    _check(options)
    try:
        with _signals_as_ctrl_c():
            return _make(options, settings, say)
    except TierError as error:
        raise PilotFailed(str(error)) from error


def _make(options: PilotOptions, settings: Settings, say: Say) -> dict[str, Any]:
    arrivals = _arrivals(options)
    blocks = plan_blocks(arrivals, options.blocks, options.seed)
    targets = {side: _load_target(options, settings, side) for side in SIDES}
    tier = read_tier(settings.tier) if settings.tier.exists() else None
    known = {
        side: find_target_of(tier, targets[side].url, options.of_side("target", side))
        for side in SIDES
    }
    objectives = _objectives(options, tier)
    pilot, started_at = Pilot(PilotRun(len(blocks)), meters=_meters(tier, known, settings)), _now()
    servers: dict[Side, PilotServer] = {}
    try:
        with ExitStack() as stack:
            first_tokens = _start(options, settings, targets, servers, stack, say)
            say(f"{len(arrivals)} requests to each server, in {len(blocks)} blocks.")
            if len(blocks) < MIN_BLOCKS:
                say(f"Fewer than {MIN_BLOCKS} have no intervals; give a longer --minutes.")
            progress = PilotProgress(say)
            lines = (say, progress.on_block, progress.on_wait)
            asyncio.run(conduct(pilot, servers, blocks, _base(options), first_tokens, *lines))
    except KeyboardInterrupt:
        pilot.run.was_stopped = True
    if pilot.found is None or not pilot.run.blocks:
        say("Stopped before both servers had run a block, so nothing was measured.")
        raise typer.Exit(STOPPED)
    if pilot.run.was_stopped:
        say(f"Stopped. {len(pilot.run.blocks)} of {len(blocks)} blocks are kept.")
    terms: dict[Side, DeviceTerms] = {side: terms_of(tier, known[side]) for side in SIDES}
    differences = compute_differences(
        pilot.run, objectives, terms, pilot.found.is_stream, options.seed
    )
    described = _describe(options, servers, known, terms)
    return make_result(
        pilot.run,
        pilot.found,
        servers,
        described,
        objectives,
        differences,
        started_at,
        _now(),
    )


class PilotProgress:
    """Lines of progress: one for each block and server, and some while one takes long."""

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._begun_at: float | None = None
        self._said_at = clock()

    def on_block(self, text: str, done: int, planned: int) -> None:
        """Take what was done last."""
        now = self._clock()
        # The first one has begun before; what is left is estimated from all after it.
        if self._begun_at is None:
            self._begun_at, left = now, ""
        else:
            seconds = (now - self._begun_at) / (done - 1) * (planned - done)
            left = f", about {seconds:.0f} s left"
        self._said_at = now
        self._say(f"{done} of {planned}: {text}{left}")

    def on_wait(self, text: str) -> None:
        """Take the state of the block that runs."""
        if self._clock() - self._said_at >= LINE_SECONDS:
            self._said_at = self._clock()
            self._say(f"  {text}")


def _check(options: PilotOptions) -> None:
    """Raise BadSetting for what would fail after minutes of load."""
    if options.trace and options.rate:
        raise BadSetting("--trace and --rate are two kinds of arrivals. Give one of them.")
    if options.rate and options.speed != 1.0:
        raise BadSetting("--speed belongs to a trace. Give another --rate instead.")
    if options.chat and options.token_ids:
        raise BadSetting("--token-ids works with /completions, not with --chat. Leave one out.")
    if options.out and not options.out.absolute().parent.is_dir():
        raise BadSetting(f"There is no folder {options.out.absolute().parent}. Create it first.")
    for command in (options.start_a, options.start_b):
        if command is not None:
            split_command(command)


def _arrivals(options: PilotOptions) -> list[Arrival]:
    half = options.minutes / 2
    if options.rate:
        found = draw_arrivals(
            options.rate, half, options.prompt_tokens, options.max_tokens, options.seed
        )
    else:
        found = take_minutes(scale_speed(read_trace(_trace(options)), options.speed), half)
    if options.max_request_tokens:
        found = [cap_tokens(each, options.max_request_tokens) for each in found]
    return found


def _trace(options: PilotOptions) -> Path:
    return options.trace or Path(str(files("models.loadgen") / DEMO_TRACE))


def _load_target(options: PilotOptions, settings: Settings, side: Side) -> LoadTarget:
    name = options.of_side("key", side)
    key = settings.variables.get(name, "").strip() if name else None
    if name and not key:
        raise BadSetting(f"{name} is not set; put the key of {side.upper()} into it or into .env.")
    url = str(getattr(options, side)).rstrip("/")
    key_name = name or f"an environment variable, and name that with --key-{side}"
    return LoadTarget(url, key, options.timeout, side.upper(), key_name, f"--model-{side}")


def _server(options: PilotOptions, target: LoadTarget, side: Side) -> PilotServer:
    model = options.of_side("model", side) or asyncio.run(find_model(target))
    return PilotServer(side, target, model)


def _start(
    options: PilotOptions,
    settings: Settings,
    targets: Mapping[Side, LoadTarget],
    servers: dict[Side, PilotServer],
    stack: ExitStack,
    say: Say,
) -> dict[Side, FirstToken]:
    """Start what is to be started, fill in the servers, and time the first token of each at once.

    One after the other: two that load at the same time would slow each other.
    """
    found: dict[Side, FirstToken] = {}
    for side in SIDES:
        command, started_at = options.of_side("start", side), None
        if command is not None:
            if is_up(targets[side]):
                raise BadSetting(
                    f"A server replies at {targets[side].url} already, and would be measured in "
                    f"its place. End it, give another port, or leave out --start-{side}."
                )
            say(f"starting {side.upper()}: {mask_secrets(command)}")
            log = settings.logs / f"pilot-{side}.log"
            process = stack.enter_context(started_server(command, log))
            process.wait_until_ready(
                targets[side], options.start_seconds, lambda seconds: say(f"  {seconds:.0f} s")
            )
            started_at = process.started_at
        servers[side] = _server(options, targets[side], side)
        say(f"first token of {side.upper()}")
        base = _base(options)
        asked = time_first_token(servers[side], base.endpoint, base.seed, started_at)
        found[side] = asyncio.run(asked)
    return found


def _base(options: PilotOptions) -> RequestOptions:
    return RequestOptions(
        model="",
        endpoint="chat/completions" if options.chat else "completions",
        vocab_size=options.token_ids,
        temperature=options.temperature,
        seed=options.seed,
    )


def _objectives(options: PilotOptions, tier: Tier | None) -> Objectives:
    limits = (options.ttft_ms, options.tpot_ms, options.e2e_ms)
    if tier and tier.slo and not any(limits):
        limits = (float(tier.slo.ttft_ms), float(tier.slo.tpot_ms), None)
    return Objectives(*(None if each is None else each / 1000 for each in limits))


def _meters(
    tier: Tier | None, known: Mapping[Side, Target | None], settings: Settings
) -> dict[Side, EnergyMeter]:
    if tier is None:
        return {}
    headers = resolve_headers(tier, settings.variables) if any(known.values()) else {}
    return {side: TargetPowerMeter(tier, each, headers) for side, each in known.items() if each}


def _describe(
    options: PilotOptions,
    servers: Mapping[Side, PilotServer],
    known: Mapping[Side, Target | None],
    terms: Mapping[Side, DeviceTerms],
) -> PilotDescription:
    described: dict[Side, ServerDescription] = {}
    for side in SIDES:
        command, target = options.of_side("start", side), known[side]
        described[side] = ServerDescription(
            start_command=mask_secrets(command) if command else None,
            target=target.name if target else None,
            devices=target.devices if target else None,
            device_kind=target.device_kind if target else None,
            rated_watts=terms[side].rated_watts,
        )
    arrivals = f"{options.rate:g} requests/s" if options.rate else f"trace {_trace(options).name}"
    if options.speed != 1.0:
        arrivals += f" at {options.speed:g} times its speed"
    return PilotDescription(
        name=options.name or f"{servers['a'].model} beside {servers['b'].model}",
        arrivals=arrivals,
        seed=options.seed,
        endpoint="chat/completions" if options.chat else "completions",
        temperature=options.temperature,
        version=version("tokentide"),
        servers=described,
    )


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and the end of a terminal stop the pilot as Ctrl-C does."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        # `nohup` has it ignored on purpose.
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(TypeError):
                signal.signal(number, handler)


def _now() -> datetime:
    return datetime.now(UTC)
