"""The verb `pilot`: compare two servers on the same requests."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import Json, obey_ctrl_c, stderr, stdout
from pipelines.cli.tier.pilot_options import STOPPED, PilotOptions
from pipelines.settings import read_settings

ServerA = Annotated[str, typer.Argument(help="Address of server A with /v1.", show_default=False)]
ServerB = Annotated[str, typer.Argument(help="Address of server B with /v1.", show_default=False)]
ArrivalTrace = Annotated[
    Path | None,
    typer.Option(
        help="Arrivals: a trace of Azure LLM inference, BurstGPT or Mooncake, plain or gzipped. "
        "Without --trace and --rate the small trace that comes along."
    ),
]
ArrivalRate = Annotated[
    float | None, typer.Option(min=0.001, help="Requests per second, independent of each other.")
]
Minutes = Annotated[
    float, typer.Option(min=0.05, help="Minutes of load, of which each server gets half.")
]
ReportFile = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write a self-contained HTML report here.")
]
StartA = Annotated[
    str | None, typer.Option(help="Command that starts server A; it ends with the pilot.")
]
StartB = Annotated[
    str | None, typer.Option(help="Command that starts server B; it ends with the pilot.")
]
StartSeconds = Annotated[
    float, typer.Option(min=1, help="Seconds in which a started server must list a model.")
]
ServerModel = Annotated[
    str | None, typer.Option(help="Its model; the one that it offers if left out.")
]
ServerTarget = Annotated[
    str | None,
    typer.Option(help="Its target in the tier file; the one at its host and port if left out."),
]
KeyVariable = Annotated[
    str | None, typer.Option(help="Environment variable with its key, such as OPENAI_API_KEY.")
]
PromptTokens = Annotated[int, typer.Option(min=1, help="Tokens of a prompt, with --rate.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Tokens of a completion, with --rate.")]
MaxRequestTokens = Annotated[
    int | None, typer.Option(min=2, help="Shorten requests that have more tokens together.")
]
TokenIds = Annotated[
    int | None, typer.Option(min=1, help="Prompts of exact length: token ids below this number.")
]
TraceSpeed = Annotated[float, typer.Option(min=0.001, help="Times as fast as the trace.")]
UseChat = Annotated[bool, typer.Option("--chat", help="Use /chat/completions.")]
Temperature = Annotated[float, typer.Option(min=0, max=2, help="Of the load's requests.")]
PilotSeed = Annotated[int, typer.Option(help="Of arrivals, prompts, order and intervals.")]
BlockCount = Annotated[
    int | None,
    typer.Option(
        min=6,
        max=1000,
        help="Blocks that both servers run; if left out 20, or one for each of fewer requests.",
    ),
]
Objective = Annotated[
    float | None, typer.Option(min=0.001, help="Objective for goodput; else the tier file's [slo].")
]
ResponseSeconds = Annotated[float, typer.Option(min=0.1, help="Seconds for a whole response.")]
PilotName = Annotated[
    str | None, typer.Option(help="Name of the pilot in the ledger and the report.")
]
Ledger = Annotated[
    bool, typer.Option(help="Keep the result for marts.pilots, which the next ingest fills.")
]


def pilot(
    a: ServerA,
    b: ServerB,
    trace: ArrivalTrace = None,
    rate: ArrivalRate = None,
    minutes: Minutes = 10.0,
    out: ReportFile = None,
    start_a: StartA = None,
    start_b: StartB = None,
    start_seconds: StartSeconds = 600.0,
    model_a: ServerModel = None,
    model_b: ServerModel = None,
    target_a: ServerTarget = None,
    target_b: ServerTarget = None,
    key_a: KeyVariable = None,
    key_b: KeyVariable = None,
    prompt_tokens: PromptTokens = 128,
    max_tokens: MaxTokens = 64,
    max_request_tokens: MaxRequestTokens = None,
    token_ids: TokenIds = None,
    speed: TraceSpeed = 1.0,
    chat: UseChat = False,
    temperature: Temperature = 0.0,
    seed: PilotSeed = 0,
    blocks: BlockCount = None,
    ttft_ms: Objective = None,
    tpot_ms: Objective = None,
    e2e_ms: Objective = None,
    timeout: ResponseSeconds = 120.0,
    name: PilotName = None,
    ledger: Ledger = True,
    as_json: Json = False,
) -> None:
    """Compare two servers: the same requests, in blocks of random order, each figure in pairs.

    Exit code 0: all blocks were run; 1: it could not be made; 130: stopped, with what was measured.

    Examples:

        tokentide pilot http://10.0.0.11:8000/v1 http://10.0.0.12:8000/v1 -o report.html

        tokentide pilot http://127.0.0.1:8001/v1 http://127.0.0.1:8002/v1 --rate 2 --minutes 20
        --start-a "vllm serve Qwen/Qwen3-8B --port 8001"
        --start-b "tokentide serve --model Qwen3-8B --port 8002" --json
    """
    options = PilotOptions(**{key: value for key, value in locals().items() if key != "as_json"})
    run(options, as_json)


def run(options: PilotOptions, as_json: bool) -> None:
    """Make the pilot, keep its result, and print it."""
    from pipelines.cli.tier.pilot_run import make_pilot
    from pipelines.cli.tier.pilot_view import show_pilot
    from pipelines.pilots.result_file import write_result

    obey_ctrl_c()
    settings = read_settings()
    result = make_pilot(options, settings, lambda line: stderr.print(escape(line)))
    if options.ledger:
        path = write_result(settings.pilot_spool, result)
        stderr.print(
            f"Kept for marts.pilots: {escape(str(path))}. `tokentide ingest telemetry` loads it."
        )
    if options.out:
        from dashboards.export.pilot_html import write_pilot_html

        write_pilot_html(result, options.out)
        stderr.print(f"Report: {escape(str(options.out))}")
    if as_json:
        typer.echo(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show_pilot(stdout, result)
    raise typer.Exit(STOPPED if result["was_stopped"] else 0)
