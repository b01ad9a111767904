"""Lists of others about the synthetic market: regions of labs, and notable models.

Both know a part only, as the real ones do: the regions those labs that publish weights, the table
every second model from before its last edit.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pipelines.simulator.synthetic import hub
from pipelines.simulator.synthetic.models import Author, listings

REGIONS = {"CN": "china", "US": "us", "EU": "eu"}
COUNTRIES = {"CN": "China", "US": "United States of America", "EU": "France"}
# The table is edited some weeks after a launch.
LATE = timedelta(days=30)
HEADER = (
    *("Model", "Organization", "Publication date", "Abstract"),
    *("Country (of organization)", "Model accessibility", "Link"),
)


def region_list() -> str:
    """Return the region of every namespace that publishes weights."""
    found: dict[str, Author] = {}
    for listing in listings():
        if listing.model.hugging_face_id:
            found.setdefault(listing.model.hugging_face_id.partition("/")[0], listing.model.author)
    rows = [(name, REGIONS[author.bloc], "") for name, author in sorted(found.items())]
    return _written(("hf_org", "region", "notes"), rows)


def size_list(seed: int) -> str:
    """Return the parameters of every second model that publishes weights, in billions."""
    names = sorted({listing.model.hugging_face_id or "" for listing in listings()} - {""})
    rows = [
        (name, f"{size / 1e9:.4g}", f"{size / 2e10:.4g}", "true", "")
        for name, size in ((name, hub.parameters(seed, name)) for name in names[::2])
    ]
    return _written(("model_id", "total_params_b", "active_params_b", "is_moe", "notes"), rows)


def notable_models(now: datetime) -> str:
    """Return every second model that was launched a month before."""
    models = {listing.model.id: listing.model for listing in listings()}
    known = [model for model in models.values() if model.launched <= (now - LATE).date()]
    rows = [
        (
            model.name,
            model.author.name,
            model.launched.isoformat(),
            "Two lines,\nas abstracts have.",
            COUNTRIES[model.author.bloc],
            "Open weights (unrestricted)" if model.is_open else "API access",
            "",
        )
        for model in known[::2]
    ]
    return _written(HEADER, rows)


def _written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()
