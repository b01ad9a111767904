"""Command line of the load generator."""

import argparse
import math
from pathlib import Path

from models.errors import BadConfig
from models.loadgen.output import check_output_path

PROG = "python -m models.loadgen"
DESCRIPTION = "Replay arrivals against a server and report the latencies that its clients see."
EXAMPLES = """
examples:
  %(prog)s --url http://127.0.0.1:8000/v1 --poisson 5 --requests 200
  %(prog)s --poisson 5 --requests 200 --ttft-ms 200 --tpot-ms 50 --out requests.parquet
  %(prog)s --trace azure_llm_2023_code.csv.gz --limit 500 --speed 2 \\
      --max-request-tokens 512 --token-ids 1024 --ignore-eos

Requests are sent when they are due, whatever became of the others, and none is sent twice.
Latencies count from when a request was due. If the server requires a key, it is read from
OPENAI_API_KEY. Proxies of the environment are not used.

exit code: 0 the test ended and a request completed; 1 none did, or it could not start;
2 wrong options; 130 Ctrl-C (with a report).
"""
OBJECTIVES = {
    "ttft": "time to first token",
    "tpot": "time per output token after the first",
    "e2e": "time to the whole response",
}


def make_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Make the parser. `prog` is the command in the usage line and the examples."""
    parser = argparse.ArgumentParser(
        prog,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--url",
        default="http://127.0.0.1:8000/v1",
        help="address of the server, with /v1 (default: %(default)s)",
    )
    parser.add_argument("--model", help="default: the one that the server offers")
    _add_arrivals(parser)
    _add_lengths(parser)
    _add_requests(parser)
    for name, meaning in OBJECTIVES.items():
        parser.add_argument(
            f"--{name}-ms",
            type=_parse_positive,
            metavar="MS",
            help=f"objective: {meaning}; goodput meets all objectives",
        )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="one row per request: .parquet or .arrow"
    )
    parser.add_argument(
        "--progress", action="store_true", help="print progress also without a terminal"
    )
    return parser


def check_options(options: argparse.Namespace) -> None:
    """Raise if options contradict each other."""
    if options.poisson is not None and options.requests is None:
        raise BadConfig("--poisson needs the number of requests: add --requests N.")
    if options.trace is not None and options.requests is not None:
        raise BadConfig("--requests belongs to --poisson. Use --limit N for a trace's first N.")
    if options.chat and options.token_ids:
        raise BadConfig("--token-ids works with /completions, not with --chat. Leave one out.")
    if not options.stream and (options.ttft_ms or options.tpot_ms):
        raise BadConfig(
            "Without a stream there is no first token to time. Leave out --no-stream, or "
            "--ttft-ms and --tpot-ms."
        )
    if options.max_request_tokens is not None and options.max_request_tokens < 2:
        raise BadConfig(
            "--max-request-tokens must be at least 2: one of the prompt and one of the completion."
        )
    if options.out:
        check_output_path(options.out)


def _add_arrivals(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="arrivals of a public form, plain or gzipped: Azure LLM inference or BurstGPT (CSV), "
        "Mooncake (JSON lines)",
    )
    source.add_argument(
        "--poisson",
        type=_parse_positive,
        metavar="RATE",
        help="requests per second, independent of each other",
    )
    parser.add_argument(
        "--requests", type=_parse_count, metavar="N", help="number of requests, with --poisson"
    )
    parser.add_argument("--limit", type=_parse_count, metavar="N", help="only the first N")
    parser.add_argument(
        "--speed",
        type=_parse_positive,
        default=1.0,
        metavar="X",
        help="times as fast (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of arrivals and prompts (default: %(default)s)"
    )


def _add_lengths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prompt-tokens",
        type=_parse_count,
        default=128,
        metavar="N",
        help="with --poisson (default: %(default)s)",
    )
    parser.add_argument(
        "--max-tokens",
        type=_parse_count,
        default=64,
        metavar="N",
        help="of the completion, with --poisson (default: %(default)s)",
    )
    parser.add_argument(
        "--max-request-tokens",
        "--most-tokens",
        type=_parse_count,
        metavar="N",
        help="shorten requests whose prompt and completion together exceed this",
    )
    parser.add_argument(
        "--token-ids",
        type=_parse_count,
        metavar="VOCAB",
        help="prompts of exact length: token ids below VOCAB, not words",
    )


def _add_requests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--chat", action="store_true", help="use /chat/completions instead of /completions"
    )
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="required for TTFT, TPOT and ITL (default)",
    )
    parser.add_argument(
        "--ignore-eos",
        action="store_true",
        help="make the server generate all tokens; OpenAI itself rejects it",
    )
    parser.add_argument("--temperature", type=float, default=0.0, help="(default: %(default)s)")
    parser.add_argument(
        "--timeout",
        type=_parse_positive,
        default=600.0,
        metavar="S",
        help="seconds for a whole response (default: %(default)s)",
    )


def _parse_positive(text: str) -> float:
    if not (0 < (number := float(text)) < math.inf):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _parse_count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count
