"""What the tier file may hold: for each table its keys, for each key what its value must be, and the rules between tables."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from pipelines.telemetry.config.tier_places import Places

ENGINES = ("tokentide", "vllm", "sglang", "mindie", "llamacpp", "tgi")
SOURCES = ("npu-exporter", "dcgm", "npu-smi", "tokentide")
MAX_SECONDS = 3600.0
Row = dict[str, Any]


class NotThat(ValueError):
    """A value of the wrong kind; its text says what is wanted."""


class Rule(NamedTuple):
    """How a value is read, and whether the key may be left out."""

    read: Callable[[Any], Any]
    is_required: bool = True


@dataclass
class Problems:
    """Everything that is wrong so far, each with its line."""

    file: str
    places: Places
    found: list[str] = field(default_factory=list)

    def add(self, table: str, index: int, key: str, what: str) -> None:
        """One more."""
        self.found.append(f"{self.file}:{self.places.line(table, index, key)}: {what}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise NotThat("must be a text that is not empty")
    return value


def _one_of(allowed: tuple[str, ...], value: Any) -> str:
    if value not in allowed:
        raise NotThat(f"must be one of {', '.join(allowed)}")
    return str(value)


def _url(value: Any) -> str:
    try:
        parts = urlsplit(_text(value))
        is_good = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
        httpx.URL(value)
    except (ValueError, httpx.InvalidURL):
        is_good = False
    if not is_good or any(each.isspace() for each in value):
        raise NotThat("must be an http or https address, such as http://127.0.0.1:8000/metrics")
    if parts.username or parts.password:
        raise NotThat(
            "must not carry a password; name an environment variable under headers instead"
        )
    return str(value)


def _number(value: Any) -> float:
    return float(_money(value))


def _money(value: Any) -> Decimal:
    if not _is_finite(value) or value <= 0:
        raise NotThat("must be a number above 0")
    return Decimal(value)


def _money_or_none(value: Any) -> Decimal:
    """Energy may be in the rent, and hardware that is paid for may cost nothing to run."""
    if not _is_finite(value) or value < 0:
        raise NotThat("must be a number, and not below 0")
    return Decimal(value)


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | Decimal) and math.isfinite(value)


def _seconds(value: Any) -> float:
    seconds = _number(value)
    if not 0.1 <= seconds <= MAX_SECONDS:
        raise NotThat(f"must be from 0.1 to {MAX_SECONDS:g}")
    return seconds


def _overhead(value: Any) -> float:
    if (number := _number(value)) < 1:
        raise NotThat("must be at least 1: it is all power over the power of the machines")
    return number


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise NotThat("must be a whole number above 0")
    return int(value)


def _words(value: Any) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(word, str) and word for word in value)
    ):
        raise NotThat('must be a list of texts, such as ["npu-smi", "info"]')
    return tuple(value)


def _map(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(each, str) and each for each in (*value, *value.values())
    ):
        raise NotThat('must be a table of texts, such as { "served-name" = "owner/model" }')
    return dict(value)


TABLES: dict[str, dict[str, Rule]] = {
    "target": {
        "name": Rule(_text), "url": Rule(_url), "engine": Rule(partial(_one_of, ENGINES)), "model_map": Rule(_map, False),
        "devices": Rule(_count, False), "device_kind": Rule(_text, False), "scrape_seconds": Rule(_seconds, False),
        "headers": Rule(_map, False), "families": Rule(_words, False),
    },
    "device_source": {
        "target": Rule(_text), "kind": Rule(partial(_one_of, SOURCES)), "url": Rule(_url, False), "command": Rule(_words, False),
    },
    "cost": {
        "device_kind": Rule(_text), "capex_usd": Rule(_money, False), "amortisation_years": Rule(_number, False),
        "opex_usd_per_hour": Rule(_money_or_none, False), "idle_watts": Rule(_number), "rated_watts": Rule(_number),
    },
    "energy": {"usd_per_kwh": Rule(_money_or_none), "pue": Rule(_overhead, False)},
    "slo": {"ttft_ms": Rule(_number), "tpot_ms": Rule(_number)},
    "peak": {"device_kind": Rule(_text), "dtype": Rule(_text), "tflops": Rule(_number), "bandwidth_gbps": Rule(_number)},
}  # fmt: skip
SINGLE = frozenset({"energy", "slo"})
NAMED_BY = {
    "target": ("name",),
    "cost": ("device_kind",),
    "peak": ("device_kind", "dtype"),
    "device_source": ("target", "url", "command"),
}


def checked(given: Row, problems: Problems) -> dict[str, list[Row]]:
    """The rows of each table, their values read; what is wrong goes to `problems`."""
    for table in given.keys() - TABLES.keys():
        problems.add(
            table, 0, table, f"{table} is no table of this file; there are {', '.join(TABLES)}."
        )
    tables = {table: list(_rows(given.get(table, []), table, problems)) for table in TABLES}
    if not given.get("target"):
        problems.add("", 0, "", "no [[target]] is given; add one with name, url and engine.")
    for table, keys in NAMED_BY.items():
        _no_twins(tables[table], table, keys, problems)
    names = {row.get("name") for row in tables["target"]}
    for index, row in enumerate(tables["device_source"]):
        for key, what in _of_source(row, names):
            problems.add("device_source", index, key, what)
    for index, row in enumerate(tables["cost"]):
        for key, what in _of_cost(row):
            problems.add("cost", index, key, what)
    return tables


def _rows(given: Any, table: str, problems: Problems) -> Iterator[Row]:
    form = f"[{table}]" if table in SINGLE else f"[[{table}]]"
    rows = ([given] if given != [] else []) if table in SINGLE else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.add(table, 0, table, f"{table} must be written as {form}.")
        return
    for index, row in enumerate(rows):
        yield _read(row, table, index, problems)


def _read(row: Row, table: str, index: int, problems: Problems) -> Row:
    rules, known = TABLES[table], {}
    for key, value in row.items():
        if key not in rules:
            problems.add(
                table, index, key, f"{key} is no key of {table}; there are {', '.join(rules)}."
            )
            continue
        try:
            known[key] = rules[key].read(value)
        except NotThat as error:
            problems.add(table, index, key, f"{key} of {table} {error}.")
    for key in (key for key, rule in rules.items() if rule.is_required and key not in row):
        problems.add(table, index, "", f"{table} needs {key}.")
    return known


def _no_twins(rows: list[Row], table: str, keys: tuple[str, ...], problems: Problems) -> None:
    seen: set[tuple[Any, ...]] = set()
    for index, row in enumerate(rows):
        name = tuple(row.get(key) for key in keys)
        if name in seen and any(name):
            said = " ".join(str(each) for each in name if each)
            problems.add(
                table,
                index,
                keys[0],
                f"{table} {said!r} is there already; give each its own {' and '.join(keys)}.",
            )
        seen.add(name)


def _of_source(row: Row, names: set[Any]) -> Iterator[tuple[str, str]]:
    if "target" in row and row["target"] not in names:
        yield (
            "target",
            f"device_source names the target {row['target']!r}, which is not in this file; add it or correct the name.",
        )
    if "url" in row and "command" in row:
        yield "command", "device_source has both url and command; keep one."
    kind = row.get("kind")
    if kind in {"npu-exporter", "dcgm"} and "url" not in row:
        yield "kind", f"device_source of kind {kind} needs url, the address of the exporter's page."
    if kind == "npu-smi" and "command" not in row:
        yield "kind", 'device_source of kind npu-smi needs command, such as ["npu-smi", "info"].'
    if kind == "tokentide" and "command" in row:
        yield (
            "command",
            "device_source of kind tokentide is read from a page; give url, or neither for the target's own.",
        )


def _of_cost(row: Row) -> Iterator[tuple[str, str]]:
    if ("capex_usd" in row) != ("amortisation_years" in row):
        yield "device_kind", "cost needs capex_usd and amortisation_years together."
    if "capex_usd" not in row and "opex_usd_per_hour" not in row:
        yield (
            "device_kind",
            "cost needs capex_usd with amortisation_years, or opex_usd_per_hour for what is rented.",
        )
    if row.get("idle_watts", 0) > row.get("rated_watts", math.inf):
        yield "idle_watts", "idle_watts of cost is above rated_watts; they may be swapped."
