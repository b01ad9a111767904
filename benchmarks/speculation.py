"""Gain of speculative decoding on the shipped models, by length of the drafts, losses included.

    python benchmarks/speculation.py --rounds 3 --concurrency 1 8 32

Each way of guessing (n-grams, a draft model in turn, an asynchronous one) runs with drafts of fixed
lengths and with lengths by confidence, of at most the method's default. Prompts are pieces of
source code that was kept from training. Every form completes the same prompts in turn, round by
round, so that other work slows all alike; a form whose tokens differ from those without guesses
ends the benchmark. Tokens a second are of the whole round, prompts included; the ratio is the
median over the rounds of a form's speed and that of `none` in the same round. Acceptance at a
position is of the drafts that reach it.

The predictions follow from costs that are measured beforehand: k guesses of the draft model cost
k c of a target's step of one token a sequence, and the step that checks them v. They are
tau / (v + k c) in turn and tau / max(v, k c) for the asynchronous draft; for n-grams c is 0. They
assume that every step checks a draft, and a free core for the asynchronous one, which makes each
guess for several outcomes at once; for an outcome that it did not prepare, n-grams guess.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, get_args

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

METHODS: list[Speculation] = [each for each in get_args(Speculation) if each != "none"]
SAMPLINGS = {
    "greedy": SamplingParams(1, temperature=0, ignore_eos=True),
    "random": SamplingParams(1, temperature=1, top_p=0.9, ignore_eos=True),
}
FULL_ROUND = 8  # requests; where fewer run at once there are more rounds
COLUMNS = (
    *("at once", "sampling", "form", "tokens/s", "ratio", "least to most", "guesses a token"),
    *("tau", "accepted at each position", "predicted"),
)


class Form(NamedTuple):
    """A way of guessing and the length of its drafts; None: by confidence."""

    method: Speculation
    length: int | None


NONE = Form("none", 0)
CONFIDENCE = EngineConfig().draft_confidence_threshold


@dataclass
class Measured:
    """One form's rounds."""

    tokens_per_second: list[float] = field(default_factory=list)
    tokens: int = 0
    steps: list[StepStats] = field(default_factory=list)

    @property
    def drafted(self) -> list[int]:
        """Guesses at each position."""
        return _sums([step.drafted_per_position for step in self.steps])

    @property
    def accepted(self) -> list[int]:
        """Right guesses at each position."""
        return _sums([step.accepted_per_position for step in self.steps])

    @property
    def tau(self) -> float:
        """Mean number of tokens of a step that checks a draft."""
        return 1 + sum(self.accepted) / max(sum(self.drafted[:1]), 1)

    def ratios(self, other: "Measured") -> list[float]:
        """Return this form's speed over another's, round by round."""
        pairs = zip(self.tokens_per_second, other.tokens_per_second, strict=True)
        return [mine / theirs for mine, theirs in pairs]


def _sums(counts: list[list[int]]) -> list[int]:
    longest = max(map(len, counts), default=0)
    return [sum(each[place] for each in counts if place < len(each)) for place in range(longest)]


def held_out(tokenizer: Tokenizer, length: int) -> list[list[int]]:
    """Return prompts of this length from files that no shipped model saw, one piece in four."""
    files = [tokenizer.encode(text).ids for text in standard_library().held_out]
    return [
        ids[first : first + length]
        for ids in files
        for first in range(0, len(ids) - length, 4 * length)
    ]


def answer(
    engine: Engine, prompts: list[list[int]], sampling: SamplingParams, measured: Measured
) -> list[list[int]]:
    """Complete all prompts at once, one round, and return their tokens."""
    answers: dict[str, list[int]] = {str(number): [] for number in range(len(prompts))}
    started = perf_counter()
    for number, prompt in enumerate(prompts):
        engine.add(EngineRequest(str(number), prompt, replace(sampling, seed=number)))
    while engine.has_work:
        step = engine.step()
        measured.steps.append(step.stats)
        for output in step.outputs:
            answers[output.request_id] += output.token_ids
    tokens = sum(map(len, answers.values()))
    measured.tokens += tokens
    measured.tokens_per_second.append(tokens / (perf_counter() - started))
    return list(answers.values())


def measure(
    engines: dict[Form, Engine],
    prompts: list[list[int]],
    at_once: int,
    sampling: SamplingParams,
    rounds: int,
) -> dict[Form, Measured]:
    """Run all forms in turn, each round with other prompts; the first round only warms up."""
    found: dict[Form, Measured] = {}
    for number in range(rounds + 1):
        if number <= 1:
            found = {form: Measured() for form in engines}
        mine = [prompts[(number * at_once + each) % len(prompts)] for each in range(at_once)]
        answers = {
            form: answer(engine, mine, sampling, found[form]) for form, engine in engines.items()
        }
        if wrong := [form for form in answers if answers[form] != answers[NONE]]:
            raise SystemExit(
                f"{wrong[0].method} changed the tokens at {at_once} at once, so its speed means "
                "nothing."
            )
    return found


def figures(found: dict[Form, Measured], costs: Costs) -> list[dict[str, Any]]:
    """Return the figures of each form; what guesses have is missing for none."""
    lines: list[dict[str, Any]] = []
    for form, measured in found.items():
        ratios = measured.ratios(found[NONE])
        line = {
            "form": form.method,
            "length": form.length,
            "speed": statistics.median(measured.tokens_per_second),
            "ratio": statistics.median(ratios),
            "least": min(ratios),
            "most": max(ratios),
        }
        lines.append(line | ({} if form == NONE else guessed(form, found, costs)))
    return lines


def guessed(form: Form, found: dict[Form, Measured], costs: Costs) -> dict[str, Any]:
    """Return acceptance of the guesses, and the gain that it predicts, or that confidence has."""
    measured = found[form]
    accepted, drafted = measured.accepted, measured.drafted
    line: dict[str, Any] = {
        "guesses_per_token": sum(drafted) / measured.tokens,
        "accepted": sum(accepted) / max(sum(drafted), 1),
        "tau": measured.tau,
        "by_position": [right / made for right, made in zip(accepted, drafted, strict=True)],
        "drafted_by_position": drafted,
    }
    if form.length:
        return line | {"predicted": costs.predict(form.method, measured.tau, form.length)}
    fixed = [each for each in found if each.method == form.method and each.length]
    best = max(fixed, key=lambda each: statistics.median(found[each].ratios(found[NONE])))
    gain = statistics.median(measured.ratios(found[best]))
    return line | {"best_fixed": best.length, "over_best_fixed": gain}


def cells(line: dict[str, Any]) -> list[str]:
    """Return the cells of a row of the table."""
    length = line["length"] or ("" if line["form"] == "none" else "by confidence")
    shown = [str(line["at_once"]), line["sampling"], f"{line['form']} {length}"]
    shown += [f"{line['speed']:.0f}", f"{line['ratio']:.2f}"]
    shown.append(f"{line['least']:.2f} to {line['most']:.2f}")
    if "tau" in line:
        shown += [f"{line['guesses_per_token']:.2f}", f"{line['tau']:.2f}"]
        shown.append(" ".join(f"{share:.2f}" for share in line["by_position"]))
        shown.append(f"{line['predicted']:.2f}" if "predicted" in line else "")
    return shown


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="rounds of each form with 8 requests or more at once, after one to warm up; with one "
        "request eight times as many",
    )
    parser.add_argument(
        "--concurrency", type=int, nargs="+", default=[1, 8, 32], help="requests at once"
    )
    parser.add_argument(
        "--lengths", type=int, nargs="+", default=[1, 2, 3, 4, 6], help="guesses a step"
    )
    parser.add_argument(
        "--sampling", nargs="+", choices=tuple(SAMPLINGS), default=list(SAMPLINGS), help="tokens"
    )
    parser.add_argument("--prompt-tokens", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=64, help="generated for each request")
    parser.add_argument(
        "--quick", action="store_true", help="show that the script works; measure nothing"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.tokens = 1, 4
        options.concurrency, options.lengths = [8], [2]
    return options


def build(config: EngineConfig, lengths: list[int]) -> dict[Form, Engine]:
    """Build an engine for each form."""
    forms = [NONE, *(Form(method, length) for method in METHODS for length in (*lengths, None))]
    return {
        form: build_engine(
            replace(
                config,
                speculation=form.method,
                draft_tokens=form.length or None,
                draft_confidence_threshold=CONFIDENCE if form.length is None else 0.0,
            )
        )
        for form in forms
    }


def main() -> None:
    """Measure and print the figures."""
    options = parse()
    # Without shared prefixes, so that a repeated prompt costs as much as before.
    config = EngineConfig(device="cpu", prefix_caching=False)
    tokenizer = read_tokenizer(config.model, read_model_config(config.model))
    prompts = held_out(tokenizer, options.prompt_tokens)
    engines = build(config, options.lengths)
    title = f"medians of {options.rounds} rounds, threshold {CONFIDENCE}"
    table, console, found = Table(*COLUMNS, title=title), Console(width=150), []
    for at_once in options.concurrency:
        costs = measure_costs(config, prompts, at_once, options.lengths)
        for name in options.sampling:
            sampling = replace(SAMPLINGS[name], max_tokens=options.tokens)
            rounds = options.rounds * max(1, FULL_ROUND // at_once)
            measured = measure(engines, prompts, at_once, sampling, rounds)
            for line in figures(measured, costs):
                found.append({"at_once": at_once, "sampling": name, **line})
                table.add_row(*cells(found[-1]))
            table.add_section()
        checking = ", ".join(f"{k}: {ms:.2f} ms" for k, ms in costs.checking.items())
        console.print(
            f"{at_once} at once: step {costs.target:.2f} ms, a guess {costs.draft:.2f} ms, "
            f"checking by length {checking}"
        )
    console.print(table)
    if options.json:
        options.json.write_text(json.dumps(found))
    for engine in engines.values():
        engine.close()


if __name__ == "__main__":
    main()
