"""Answers of the lists about labs and models, written as CSV from one plain list of names."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

NAMES = 40


def reference_list() -> dict[str, Any]:
    """Return a list of names, in no list's form yet."""
    rows = [{"name": f"lab-{number}", "place": "us", "size": 7} for number in range(NAMES)]
    return {"data": rows}


def _regions(payload: Any, at: datetime) -> bytes:
    rows = [(_text(row["name"]), row["place"]) for row in payload["data"]]
    return _written(("hf_org", "region"), rows)


def _sizes(payload: Any, at: datetime) -> bytes:
    rows = [(_text(row["name"]), str(row["size"]), "") for row in payload["data"]]
    return _written(("model_id", "total_params_b", "active_params_b"), rows)


def _notable(payload: Any, at: datetime) -> bytes:
    header = ("Model", "Organization", "Country (of organization)", "Model accessibility")
    return _written(header, [(_text(row["name"]), "Lab", "", "") for row in payload["data"]])


def _text(name: Any) -> str:
    """Return a name; one of another type has no text in a file, so its cell is empty."""
    return name if isinstance(name, str) else ""


def _written(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


ENCODERS: dict[str, Callable[[Any, datetime], bytes]] = {
    "atom_regions": _regions,
    "atom_parameters": _sizes,
    "epoch_models": _notable,
}
