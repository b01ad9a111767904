"""A tier for a home without one: our own server with the shipped model, under a simulated load.

It shows both halves on the first day. Its model is a toy that stands for one of the market, which
the file says, and `load = "simulated"` labels its figures everywhere.
"""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import duckdb

from pipelines.files import write_durably
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.sql import read_sql
from warehouse.connection import open_published

NAME = "demo"
MODEL = "tiny-qwen3-moe"
# Where nothing of the market is published yet.
FALLBACK = "qwen/qwen3-30b-a3b"
LEADING_OPEN_MODEL = read_sql(__file__, "leading_open_model")
TIER = """\
# Made by `tokentide up`, which found no tier.toml: our own server with the shipped toy model, asked
# by a load generator. Its speed and energy are measured on this machine. Its costs are assumed, and
# the model only stands for the one of the market that model_map names.
# Write a tier.toml beside your .env to watch your own servers instead.

[[target]]
name = "{name}"
url = "http://127.0.0.1:{port}/metrics"
engine = "tokentide"
devices = 1
device_kind = "cpu"
scrape_seconds = 5
load = "{load}"
model_map = {{ "{model}" = "{market_model}" }}

[[cost]]
device_kind = "cpu"
opex_usd_per_hour = 0.05
idle_watts = 20
rated_watts = 65

[energy]
usd_per_kwh = 0.15
"""


def is_installed() -> bool:
    """Tell whether the packages that our server needs are there."""
    return all(find_spec(name) for name in ("torch", "safetensors", "uvicorn", "tokenizers"))


def write_demo_tier(settings: Settings, port: int) -> Path:
    """Write the tier file of the demonstration, unless it is there for this port already.

    The model that it stands for stays the one of the first start, so that its history is one.
    """
    path = settings.demo_tier
    known = path.read_text() if path.exists() else ""
    if f":{port}/metrics" in known:
        return path
    kept = [line for line in known.splitlines() if line.startswith("model_map")]
    market_model = kept[0].split('"')[3] if kept else leading_open_model(settings)
    text = TIER.format(
        name=NAME, port=port, load="simulated", model=MODEL, market_model=market_model
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, text.encode())
    return path


def leading_open_model(settings: Settings) -> str:
    """Return the open-weights model with most tokens on the newest published day."""
    if not (settings.published / "tokentide.duckdb").exists():
        return FALLBACK
    try:
        with closing(open_published(newest(settings))) as con:
            rows = con.sql(LEADING_OPEN_MODEL).fetchall()
    except duckdb.Error:
        return FALLBACK
    return str(rows[0][0]) if rows else FALLBACK
