"""`python -m models.loadgen`: replay arrivals against a server and report what a client sees."""

import argparse
import asyncio
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from models.errors import BadConfig, TierError
from models.loadgen.arrivals import Arrival, scale_speed, poisson_arrivals, read_trace
from models.loadgen.output import format_json, format_text, check_output_path, write_records
from models.loadgen.prompts import RequestOptions
from models.loadgen.replay import LoadTest, replay
from models.loadgen.report import Objectives, summarise
from models.loadgen.sse import printable_line
from models.loadgen.target import LoadTarget, find_served_model

MAX_FILES = 10240
OBJECTIVES = {
    "ttft": "time to first token",
    "tpot": "time per output token after it",
    "e2e": "time to the whole answer",
}
STOPPED = 130  # what shells report for a process that Ctrl-C ended

EXAMPLES = """
examples:
  python -m models.loadgen --url http://127.0.0.1:8000/v1 --poisson 5 --requests 200
  python -m models.loadgen --poisson 5 --requests 200 --ttft-ms 200 --tpot-ms 50 --out requests.parquet
  python -m models.loadgen --trace azure_llm_2023_code.csv.gz --limit 500 --speed 2 --max-request-tokens 512 --token-ids 1024 --ignore-eos

Requests are sent when they are due, whatever became of the others, and none is sent twice. Latencies count from when a request was due.
The key, where a server wants one, is read from OPENAI_API_KEY. Proxies of the environment are not used.
exit code: 0 the run ended and a request was answered; 1 none was, or it could not start; 2 wrong options; 130 Ctrl-C (with a report).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load and print the report; the exit code is what `--help` says."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (TierError, OSError) as problem:
        print(f"tokentide: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    _judge(options)
    _allow_many_connections()
    target = LoadTarget(
        options.url.rstrip("/"),
        os.environ.get("OPENAI_API_KEY", "").strip() or None,
        options.timeout,
    )
    arrivals = _arrivals(options)
    manner = _manner(options, options.model or asyncio.run(find_served_model(target)))
    run = LoadTest(len(arrivals))
    say = _say if options.progress or sys.stderr.isatty() else None
    try:
        asyncio.run(replay(run, arrivals, target, manner, options.max_request_tokens, say))
    except KeyboardInterrupt:
        run.was_stopped = True
    objectives = _objectives(options)
    report = summarise(run, objectives)
    print(
        format_json(report, objectives)
        if options.json
        else f"{printable_line(manner.model)} at {target.url}\n\n{format_text(report, objectives)}"
    )
    if options.out:
        write_records(run, options.out)
    if run.was_stopped:
        return STOPPED
    return 0 if report.answered else 1


def _judge(options: argparse.Namespace) -> None:
    """Refuse options that contradict each other."""
    if options.poisson is not None and options.requests is None:
        raise BadConfig("--poisson needs to know how many: add --requests N.")
    if options.trace is not None and options.requests is not None:
        raise BadConfig(
            "--requests goes with --poisson; the first N of a trace are had with --limit N."
        )
    if options.chat and options.token_ids:
        raise BadConfig(
            "--token-ids goes to /completions, which --chat does not ask. Leave one of them out."
        )
    if not options.stream and (options.ttft_ms or options.tpot_ms):
        raise BadConfig(
            "Without a stream nobody sees the first token. Leave out --no-stream, or --ttft-ms and --tpot-ms."
        )
    if options.max_request_tokens is not None and options.max_request_tokens < 2:
        raise BadConfig(
            "--max-request-tokens must be at least 2: one of the prompt and one of the completion."
        )
    if options.out:
        check_output_path(options.out)


def _allow_many_connections() -> None:
    """Every open request is an open file, and the usual limit of 1024 is a soft one."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # macOS calls the hard limit infinite and then accepts no such number.
        wanted = MAX_FILES if hard == resource.RLIM_INFINITY else hard
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _arrivals(options: argparse.Namespace) -> list[Arrival]:
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


def _manner(options: argparse.Namespace, model: str) -> RequestOptions:
    return RequestOptions(
        model=model,
        endpoint="chat/completions" if options.chat else "completions",
        vocab_size=options.token_ids,
        is_stream=options.stream,
        ignores_eos=options.ignore_eos,
        temperature=options.temperature,
        seed=options.seed,
    )


def _objectives(options: argparse.Namespace) -> Objectives:
    seconds = [
        None if each is None else each / 1000
        for each in (options.ttft_ms, options.tpot_ms, options.e2e_ms)
    ]
    return Objectives(*seconds)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m models.loadgen",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--url",
        default="http://127.0.0.1:8000/v1",
        help="of the server, with /v1 (default: %(default)s)",
    )
    parser.add_argument("--model", help="by default the one that the server offers")
    _add_arrivals(parser)
    _add_requests(parser)
    for name, meaning in OBJECTIVES.items():
        parser.add_argument(
            f"--{name}-ms",
            type=_positive,
            metavar="MS",
            help=f"objective: {meaning}; goodput meets all that are given",
        )
    parser.add_argument("--json", action="store_true", help="report for a program")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="one row a request: .parquet or .arrow"
    )
    parser.add_argument(
        "--progress", action="store_true", help="a line every two seconds also where nobody watches"
    )
    return parser


def _add_arrivals(parser: argparse.ArgumentParser) -> None:
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="CSV, also gzipped: TIMESTAMP, ContextTokens, GeneratedTokens",
    )
    when.add_argument(
        "--poisson",
        type=_positive,
        metavar="RATE",
        help="requests a second, independent of each other",
    )
    parser.add_argument("--requests", type=_count, metavar="N", help="how many, with --poisson")
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N")
    parser.add_argument(
        "--speed",
        type=_positive,
        default=1.0,
        metavar="X",
        help="times as fast (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the arrivals and the prompts (default: %(default)s)"
    )


def _add_requests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prompt-tokens",
        type=_count,
        default=128,
        metavar="N",
        help="with --poisson (default: %(default)s)",
    )
    parser.add_argument(
        "--max-tokens",
        type=_count,
        default=64,
        metavar="N",
        help="of the answer, with --poisson (default: %(default)s)",
    )
    parser.add_argument(
        "--max-request-tokens",
        "--most-tokens",
        type=_count,
        metavar="N",
        help="shorten requests whose prompt and answer exceed this together",
    )
    parser.add_argument(
        "--token-ids",
        type=_count,
        metavar="VOCAB",
        help="prompts of exact length: numbers below VOCAB, not words",
    )
    parser.add_argument(
        "--chat", action="store_true", help="ask /chat/completions instead of /completions"
    )
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="needed for TTFT, TPOT and ITL (default)",
    )
    parser.add_argument(
        "--ignore-eos",
        action="store_true",
        help="hold answers to their length; OpenAI itself refuses it",
    )
    parser.add_argument("--temperature", type=float, default=0.0, help="(default: %(default)s)")
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=600.0,
        metavar="S",
        help="seconds for a whole answer (default: %(default)s)",
    )


def _positive(text: str) -> float:
    if not (0 < (number := float(text)) < math.inf):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


if __name__ == "__main__":
    sys.exit(main())
