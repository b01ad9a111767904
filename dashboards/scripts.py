"""Scripts of the page in the order in which a browser needs them (docs/decisions/0016)."""

import re
from typing import Any

import dash

# Asked for with the page, and not after all scripts have run.
PRELOAD = (
    '<link rel="preload" href="{prefix}_dash-layout" as="fetch" crossorigin="anonymous">'
    '<link rel="preload" href="{prefix}_dash-dependencies" as="fetch" crossorigin="anonymous">'
    '<link rel="preload" href="{prefix}_dash-component-suites/dash/dcc/async-graph.js" as="script">'
)
# The script of charts is a third of all, and until the first figures come there is time for it:
# assets/charts.js runs it then.
CHART_SCRIPT = re.compile(r'<script src="(?P<address>[^"]*/vendor/plotly[^"]*)"></script>')
# The script of tables is as large, and the first screen shows no table: assets/grid.js fetches it
# with the first one.
GRID_SCRIPT = re.compile(r'<script src="(?P<address>[^"]*/dash_ag_grid/[^"]*)"></script>')


class PreloadingDash(dash.Dash):
    """Dash that preloads its layout, and leaves the scripts of charts and tables for later."""

    def interpolate_index(self, **parts: Any) -> Any:  # type: ignore[override]
        """Build the page from the parts that Dash gives."""
        parts["metas"] += PRELOAD.format(prefix=self.config.requests_pathname_prefix)
        if chart := _take_out(parts, CHART_SCRIPT, "chart-script"):
            parts["metas"] += f'<link rel="preload" href="{chart}" as="script">'
        _take_out(parts, GRID_SCRIPT, "grid-script")
        return super().interpolate_index(**parts)  # type: ignore[no-untyped-call]


def _take_out(parts: dict[str, Any], script: re.Pattern[str], name: str) -> str | None:
    """Put a script's address into a `meta` element in place of the script; return the address."""
    found = script.search(parts["scripts"])
    if not found:
        return None
    parts["metas"] += f'<meta name="{name}" content="{found["address"]}">'
    parts["scripts"] = parts["scripts"].replace(found[0], "")
    return found["address"]
