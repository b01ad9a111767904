"""The table of families side by side: what is not known is named."""

from datetime import date

import polars as pl
from support.dashboard.components import find_all, text_of

from dashboards.components.theme import Theme
from dashboards.pages.compare.tables import side_by_side

KNOWN = {
    "member": "z-ai/glm-5.2",
    "tokens": 16_909_078_889_394,
    "change_ratio": 0.077,
    "share": 0.1,
    "share_low": 0.1,
    "share_high": 0.17,
    "rank": 2,
    "lab": "Z.ai",
    "weights": "open",
    "first_ranked": date(2026, 6, 17),
    "half_life_weeks": 9.5,
    "prompt": 0.56,
    "completion": 1.76,
    "hosts": 10,
    "best_tps": 986.5,
    "best_ttft_ms": 453.5,
}
UNKNOWN = {**dict.fromkeys(KNOWN), "member": "lab/small"}


def test_each_family_is_a_column_that_leads_to_its_page() -> None:
    made = side_by_side(pl.DataFrame([KNOWN, UNKNOWN], infer_schema_length=None), Theme())
    links = {link.children: link.href for link in find_all(made, "Link")}
    assert links == {
        "z-ai/glm-5.2": "/model?family=z-ai%2Fglm-5.2",
        "lab/small": "/model?family=lab%2Fsmall",
    }


def test_no_figure_that_is_not_known_is_a_zero() -> None:
    made = side_by_side(pl.DataFrame([KNOWN, UNKNOWN], infer_schema_length=None), Theme())
    lines = {
        text_of(cells[0]): [text_of(cell) for cell in cells[1:]]
        for cells in (find_all(row, "Td") for row in find_all(made, "Tr")[1:])
    }
    assert lines["Share of the platform"] == [
        "10.0% (at least 10.0%, at most 17.0%)",
        "below the cutoff",
    ]
    assert lines["Rank among families"] == ["2", "none"]
    assert lines["Cheapest list price per million tokens"] == [
        "$0.56 prompt, $1.76 completion",
        "unknown",
    ]
    assert not [texts for texts in lines.values() if texts[1].startswith("0")]
