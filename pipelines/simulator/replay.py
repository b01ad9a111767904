"""A market that replays recorded responses: each date as it was known at the simulator's now."""

import csv
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pipelines.simulator.clock import parse_instant
from pipelines.simulator.errors import HiddenRepository, JsonObject, NoRecordings, NotFound
from pipelines.simulator.hub_recordings import recorded_days
from pipelines.simulator.market_protocol import (
    MISSING_DATES,
    AppsQuery,
    RankingRow,
    RankingsQuery,
    date_range,
)
from pipelines.simulator.recorded_leaderboard import read_leaderboard

T = TypeVar("T")
DatedRecordings = list[tuple[str, list[JsonObject]]]
FOLDERS = (
    *("openrouter", "prices", "reference-tables", "epoch"),
    *("huggingface", "huggingface/atom"),
)


@dataclass(frozen=True)
class RecordedRankings:
    """One recorded response of the daily rankings."""

    as_of: datetime
    start: date
    end: date
    rows: dict[date, list[RankingRow]]


class ReplayMarket:
    """Recorded responses of one folder. What was not recorded is not found."""

    def __init__(self, folder: Path) -> None:
        self._folders = [folder, *(folder / name for name in FOLDERS)]
        read = [_parse_rankings(_load(path)) for path in self._files("rankings-daily_*.json*")]
        self._rankings = sorted(read, key=lambda recording: recording.as_of)
        self._models = self._load_dated("models_*.json*")
        self._providers = self._load_dated("providers_*.json")
        self._price_histories = self._dated_files("openrouterlist_prices_*.json*")
        self._price_lists = self._dated_files("genai_prices_data_*.json*")
        self._token_prices = self._dated_files("litellm_model_prices_*.json*")
        self._provider_prices = self._dated_files("models-dev_api_*.json*")
        self._notable_models = self._dated_files("epoch_notable_ai_models_*.csv*")
        self._leaderboards = self._dated_files("arena_*.json*")
        self._indices = self._dated_files("eci_scores_*.csv")
        self._hub_days = recorded_days(self._files("repos_daily_*.jsonl*"))
        self._stats = {
            _stem(path).removeprefix("endpoint_stats_"): _load(path)
            for path in self._files("endpoint_stats_*.json")
        }
        if not (self._rankings or self._models or self._providers):
            raise NoRecordings(
                f"No recorded responses in {folder}. "
                "Name a folder that holds files such as rankings-daily_2025.json.gz."
            )

    def rankings(self, query: RankingsQuery, now: datetime) -> list[RankingRow]:
        """Return the rows of the window as they were known at `now`."""
        if not query.is_plain:
            raise NotFound
        yesterday = now.date() - timedelta(days=1)
        dates = [
            day
            for day in date_range(query.start, min(query.end, yesterday))
            if day not in MISSING_DATES
        ]
        return [row for day in dates for row in self._rows_as_known(day, now)]

    def _rows_as_known(self, day: date, now: datetime) -> list[RankingRow]:
        covering = [one for one in self._rankings if one.start <= day <= one.end]
        known = [one for one in covering if one.as_of <= now]
        # With nothing recorded that early, the oldest recording is closest to what was known.
        chosen = known[-1:] or covering[:1]
        return chosen[0].rows.get(day, []) if chosen else []

    def models(self, now: datetime) -> list[JsonObject]:
        """Return the newest catalogue recorded before now."""
        return _latest(self._models, now)

    def providers(self, now: datetime) -> list[JsonObject]:
        """Return the newest list of hosts recorded before now."""
        return _latest(self._providers, now)

    def endpoints(self, name: str, now: datetime) -> JsonObject:
        """Return the one recorded endpoint of a model.

        The recording does not name its host, so the lab's name is used for it.
        """
        for model in self.models(now) if self._models else []:
            slug = str(model["id"]).partition("/")[2]
            if name in (model["id"], model["canonical_slug"]) and slug in self._stats:
                return _with_endpoint(model, self._stats[slug])
        raise NotFound

    def apps(self, query: AppsQuery, now: datetime) -> list[JsonObject]:
        """Raise NotFound: not recorded."""
        raise NotFound

    def session_costs(self, now: datetime) -> list[JsonObject]:
        """Raise NotFound: not recorded."""
        raise NotFound

    def benchmarks(self, now: datetime) -> list[JsonObject]:
        """Raise NotFound: not recorded."""
        raise NotFound

    def tasks(self, now: datetime) -> JsonObject:
        """Raise NotFound: not recorded."""
        raise NotFound

    def price_history(self, now: datetime) -> JsonObject:
        """Return the newest archive of prices recorded before now."""
        return _load(_latest(self._price_histories, now))

    def price_list(self, now: datetime) -> list[JsonObject]:
        """Return the newest list of prices by provider recorded before now."""
        found: list[JsonObject] = json.loads(_read(_latest(self._price_lists, now)))
        return found

    def token_prices(self, now: datetime) -> JsonObject:
        """Return the newest of LiteLLM's lists recorded before now."""
        return _load(_latest(self._token_prices, now))

    def provider_prices(self, now: datetime) -> JsonObject:
        """Return the newest of models.dev's lists recorded before now."""
        return _load(_latest(self._provider_prices, now))

    def region_list(self, now: datetime) -> str:
        """Return the one recorded list of regions, which has no date."""
        for path in self._files("organization_regions.csv*"):
            return _read(path).decode()
        raise NotFound

    def size_list(self, now: datetime) -> str:
        """Return the one recorded list of sizes, which has no date."""
        for path in self._files("model_parameters.csv*"):
            return _read(path).decode()
        raise NotFound

    def notable_models(self, now: datetime) -> str:
        """Return the newest table of notable models recorded before now."""
        return _read(_latest(self._notable_models, now)).decode()

    def leaderboard(self, leaderboard: str, now: datetime, *, is_whole: bool) -> list[JsonObject]:
        """Return the newest publication of a leaderboard recorded before now, never a history."""
        if is_whole:
            raise NotFound
        recorded = [
            (day, path)
            for day, path in self._leaderboards
            if f"arena_{leaderboard}_{day}" in path.name
        ]
        return read_leaderboard(_load(_latest(recorded, now)))

    def index_scores(self, now: datetime) -> list[JsonObject]:
        """Return the newest index recorded before now."""
        text = _read(_latest(self._indices, now)).decode()
        return [dict(row) for row in csv.DictReader(text.splitlines())]

    def hub_models(self, now: datetime, pipeline_tag: str) -> list[JsonObject]:
        """Return the counters of the newest day recorded before now, all as text models."""
        if pipeline_tag != "text-generation":
            raise NotFound
        return _latest(self._hub_days, now)

    def hub_model(self, now: datetime, name: str) -> JsonObject:
        """Hide every repository: none was recorded by itself."""
        raise HiddenRepository

    def _dated_files(self, pattern: str) -> list[tuple[str, Path]]:
        return sorted((_stem(path).rpartition("_")[2], path) for path in self._files(pattern))

    def _files(self, pattern: str) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(folder.glob(pattern))

    def _load_dated(self, pattern: str) -> DatedRecordings:
        return sorted(
            (_stem(path).rpartition("_")[2], _load(path)["data"]) for path in self._files(pattern)
        )


def _latest(recorded: Sequence[tuple[str, T]], now: datetime) -> T:
    if not recorded:
        raise NotFound
    known = [rows for day, rows in recorded if day <= now.astimezone(UTC).date().isoformat()]
    return known[-1] if known else recorded[0][1]


def _parse_rankings(response: dict[str, Any]) -> RecordedRankings:
    meta = response["meta"]
    rows: dict[date, list[RankingRow]] = {}
    for item in response["data"]:
        row = RankingRow(
            date.fromisoformat(item["date"]), item["model_permaslug"], int(item["total_tokens"])
        )
        rows.setdefault(row.date, []).append(row)
    start, end = date.fromisoformat(meta["start_date"]), date.fromisoformat(meta["end_date"])
    return RecordedRankings(parse_instant(meta["as_of"]), start, end, rows)


def _with_endpoint(model: JsonObject, stats: JsonObject) -> JsonObject:
    host = str(model["name"]).partition(":")[0]
    kept = {key: model[key] for key in ("id", "name", "created", "description", "architecture")}
    top = model["top_provider"]
    endpoint = {
        "name": f"{host} | {model['canonical_slug']}",
        "model_id": model["id"],
        "model_name": model["name"],
        "provider_name": host,
        "tag": re.sub(r"\W+", "-", host.lower()),
        "quantization": None,
        "context_length": model["context_length"],
        "max_completion_tokens": top["max_completion_tokens"] if isinstance(top, dict) else None,
        "max_prompt_tokens": None,
        "pricing": model["pricing"],
        "supported_parameters": model["supported_parameters"],
        "supports_implicit_caching": False,
        "status": 0,
        **stats,
    }
    return {**kept, "endpoints": [endpoint]}


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".json").removesuffix(".csv")


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_read(path))
    return content


def _read(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw
