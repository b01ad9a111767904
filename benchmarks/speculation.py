"""Gain of speculative decoding on the shipped models, measured beside predicted, losses included.

    python benchmarks/speculation.py --rounds 9 --concurrency 1 8

Prompts are pieces of held-out source code. Every form completes the same prompts in turn, round by
round, so that other work slows all alike; a form whose tokens differ from those without guesses
ends the benchmark. Tokens a second are of the whole round, prompts included; the ratio is the
median over the rounds of a form's speed and that of `none` in the same round.

The predictions follow from costs that are measured beforehand: k guesses of the draft model cost
k c of a target's step of one token a sequence, and the step that checks them v. `ideal` is
tau / (1 + k c) in turn and tau / max(1, k c) for the asynchronous draft, as if checking cost
nothing; `with v` has v for 1. Both assume that every step checks a draft. For n-grams c is 0. The
asynchronous draft makes each guess for several outcomes at once, which costs more than c, and needs
a free core; for an outcome that it did not prepare, n-grams guess.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, get_args

from measuring.step_costs import Costs, measure_costs
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from models.assemble import build_engine
from models.checkpoint import read_model_config, read_tokenizer
from models.config import EngineConfig, Speculation
from models.engine.engine import Engine
from models.protocol import EngineRequest, SamplingParams, StepStats
from models.training.corpus import standard_library

FORMS: tuple[Speculation, ...] = get_args(Speculation)
COLUMNS = (
    "at once",
    "form",
    "tokens/s",
    "least to most",
    "ratio",
    "drafted",
    "accepted",
    "tau",
    "by position",
    "ideal",
    "with v",
)


@dataclass
class Measured:
    """One form's rounds."""

    tokens_per_second: list[float] = field(default_factory=list)
    turns: int = 0  # sequences times the steps that gave them tokens
    steps: list[StepStats] = field(default_factory=list)

    @property
    def drafts(self) -> int:
        return sum(step.drafts for step in self.steps)

    @property
    def accepted(self) -> list[int]:
        """Right guesses at each position."""
        places = max((len(step.accepted_per_position) for step in self.steps), default=0)
        return [
            sum(
                step.accepted_per_position[place]
                for step in self.steps
                if place < len(step.accepted_per_position)
            )
            for place in range(places)
        ]

    @property
    def tau(self) -> float:
        """Mean number of tokens of a step that checks a draft."""
        return 1 + sum(self.accepted) / max(self.drafts, 1)


def held_out(tokenizer: Tokenizer, length: int) -> list[list[int]]:
    """Return prompts of this length from files that no shipped model saw, one piece in four."""
    files = [tokenizer.encode(text).ids for text in standard_library().held_out]
    return [
        ids[first : first + length]
        for ids in files
        for first in range(0, len(ids) - length, 4 * length)
    ]


def answer(
    engine: Engine, prompts: list[list[int]], tokens: int, measured: Measured
) -> list[list[int]]:
    """Complete all prompts at once, one round, and return their tokens."""
    answers: dict[str, list[int]] = {str(number): [] for number in range(len(prompts))}
    started = perf_counter()
    for name, prompt in zip(answers, prompts, strict=True):
        engine.add(
            EngineRequest(name, prompt, SamplingParams(tokens, temperature=0, ignore_eos=True))
        )
    while engine.has_work:
        step = engine.step()
        measured.steps.append(step.stats)
        measured.turns += len(step.outputs)
        for output in step.outputs:
            answers[output.request_id] += output.token_ids
    measured.tokens_per_second.append(len(prompts) * tokens / (perf_counter() - started))
    return list(answers.values())


def measure(
    engines: dict[Speculation, Engine],
    prompts: list[list[int]],
    at_once: int,
    options: argparse.Namespace,
) -> dict[Speculation, Measured]:
    """Run all forms in turn, each round with other prompts; the first round only warms up."""
    found: dict[Speculation, Measured] = {}
    for number in range(options.rounds + 1):
        if number <= 1:
            found = {form: Measured() for form in engines}
        mine = [prompts[(number * at_once + each) % len(prompts)] for each in range(at_once)]
        answers = {
            form: answer(engine, mine, options.tokens, found[form])
            for form, engine in engines.items()
        }
        if wrong := [form for form in answers if answers[form] != answers["none"]]:
            raise SystemExit(
                f"{wrong[0]} changed the tokens at {at_once} at once, so its speed means nothing."
            )
    return found


def figures(
    at_once: int, found: dict[Speculation, Measured], costs: Costs, draft_tokens: int
) -> list[dict[str, Any]]:
    """Return the figures of each form; the last three are of forms that guess."""
    plain, lines = found["none"].tokens_per_second, []
    for form, measured in found.items():
        speeds = measured.tokens_per_second
        line = {
            "at_once": at_once,
            "form": form,
            "speed": statistics.median(speeds),
            "least": min(speeds),
            "most": max(speeds),
            "ratio": statistics.median(a / b for a, b in zip(speeds, plain, strict=True)),
        }
        if form != "none":
            line |= guessed(form, measured, costs, draft_tokens)
        lines.append(line)
    return lines


def guessed(
    form: Speculation, measured: Measured, costs: Costs, draft_tokens: int
) -> dict[str, Any]:
    """Return acceptance of the guesses, and the gains that it predicts."""
    drafts = max(measured.drafts, 1)
    guesses = max(sum(step.draft_tokens for step in measured.steps), 1)
    ideal, predicted = (
        costs.predict(form, measured.tau, draft_tokens, checking)
        for checking in (1.0, costs.checking / costs.target)
    )
    return {
        "drafted": measured.drafts / measured.turns,
        "accepted": sum(measured.accepted) / guesses,
        "tau": measured.tau,
        "by_position": [count / drafts for count in measured.accepted],
        "ideal": ideal,
        "predicted": predicted,
    }


def cells(line: dict[str, Any]) -> list[str]:
    """Return the cells of a row of the table."""
    speed = f"{line['speed']:.0f}", f"{line['least']:.0f} to {line['most']:.0f}"
    shown = [str(line["at_once"]), line["form"], *speed, f"{line['ratio']:.2f}"]
    if "tau" in line:
        shown += [f"{line['drafted']:.0%}", f"{line['accepted']:.2f}", f"{line['tau']:.2f}"]
        shown.append(" ".join(f"{share:.2f}" for share in line["by_position"]))
        shown += [f"{line['ideal']:.2f}", f"{line['predicted']:.2f}"]
    return shown


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=9, help="rounds of each form, after one to warm up"
    )
    parser.add_argument(
        "--concurrency", type=int, nargs="+", default=[1, 8], help="requests at once"
    )
    parser.add_argument("--draft-tokens", type=int, default=3, help="guesses a step")
    parser.add_argument("--prompt-tokens", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=128, help="generated for each request")
    parser.add_argument(
        "--quick", action="store_true", help="show that the script works; measure nothing"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.tokens = 1, 16
    return options


def main() -> None:
    """Measure and print the figures."""
    options = parse()
    # Without shared prefixes, so that a repeated prompt costs as much as before.
    config = EngineConfig(device="cpu", prefix_caching=False, draft_tokens=options.draft_tokens)
    prompts = held_out(
        read_tokenizer(config.model, read_model_config(config.model)), options.prompt_tokens
    )
    engines = {form: build_engine(replace(config, speculation=form)) for form in FORMS}
    table = Table(
        *COLUMNS,
        title=f"k = {options.draft_tokens}, medians of {options.rounds} rounds; "
        "the last two columns are predictions",
    )
    console, found = Console(width=130), []
    for at_once in options.concurrency:
        costs = measure_costs(config, prompts, at_once)
        measured = measure(engines, prompts, at_once, options)
        for line in figures(at_once, measured, costs, options.draft_tokens):
            table.add_row(*cells(line))
            found.append(line)
        table.add_section()
        v, c = costs.checking / costs.target, costs.draft / costs.target
        console.print(
            f"{at_once} at once: step {costs.target:.2f} ms, "
            f"checking {costs.checking:.2f} ms (v = {v:.2f}), "
            f"a guess {costs.draft:.2f} ms (c = {c:.2f})"
        )
    console.print(table)
    if options.json:
        options.json.write_text(json.dumps(found))
    for engine in engines.values():
        engine.close()


if __name__ == "__main__":
    main()
