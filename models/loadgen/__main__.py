"""`python -m models.loadgen`: replay arrivals against a server and report its latencies."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from models.errors import TierError
from models.loadgen.arrivals import Arrival, poisson_arrivals, scale_speed
from models.loadgen.options import PROG, check_options, make_parser
from models.loadgen.output import format_json, format_text, write_records
from models.loadgen.prompts import RequestOptions
from models.loadgen.replay import LoadTest, replay
from models.loadgen.report import Objectives, summarise
from models.loadgen.sse import printable_line
from models.loadgen.target import LoadTarget, find_served_model
from models.loadgen.traces import read_trace

MAX_FILES = 10240
STOPPED = 130  # exit code that shells report after Ctrl-C


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the load test and print the report. `--help` explains the exit codes."""
    options = make_parser(prog).parse_args(arguments)
    try:
        return _run(options)
    except (TierError, OSError) as error:
        print(f"tokentide: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    check_options(options)
    _raise_file_limit()
    key = os.environ.get("OPENAI_API_KEY", "").strip() or None
    target = LoadTarget(options.url.rstrip("/"), key, options.timeout)
    arrivals = _make_arrivals(options)
    model = options.model or asyncio.run(find_served_model(target))
    request_options = _request_options(options, model)
    test = LoadTest(len(arrivals))
    print_progress = _print_progress if options.progress or sys.stderr.isatty() else None
    max_tokens = options.max_request_tokens
    try:
        asyncio.run(replay(test, arrivals, target, request_options, max_tokens, print_progress))
    except KeyboardInterrupt:
        test.was_stopped = True
    objectives = _objectives(options)
    report = summarise(test, objectives)
    if options.json:
        print(format_json(report, objectives))
    else:
        print(f"{printable_line(model)} at {target.url}\n\n{format_text(report, objectives)}")
    if options.out:
        write_records(test, options.out)
    if test.was_stopped:
        return STOPPED
    return 0 if report.answered else 1


def _raise_file_limit() -> None:
    """Raise the soft limit of open files. Every open request is one, and 1024 is usual."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # macOS reports an infinite hard limit but accepts no such number.
        limit = MAX_FILES if hard == resource.RLIM_INFINITY else hard
        if soft != resource.RLIM_INFINITY and soft < limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _make_arrivals(options: argparse.Namespace) -> list[Arrival]:
    if options.trace is not None:
        arrivals = read_trace(options.trace)
    else:
        arrivals = poisson_arrivals(
            options.poisson,
            options.requests,
            options.prompt_tokens,
            options.max_tokens,
            options.seed,
        )
    return scale_speed(arrivals[: options.limit], options.speed)


def _request_options(options: argparse.Namespace, model: str) -> RequestOptions:
    return RequestOptions(
        model=model,
        endpoint="chat/completions" if options.chat else "completions",
        vocab_size=options.token_ids,
        is_stream=options.stream,
        ignore_eos=options.ignore_eos,
        temperature=options.temperature,
        seed=options.seed,
    )


def _objectives(options: argparse.Namespace) -> Objectives:
    limits = (options.ttft_ms, options.tpot_ms, options.e2e_ms)
    return Objectives(*(None if each is None else each / 1000 for each in limits))


def _print_progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
