"""What a browser that was never here reads before it can draw the first page, and what it reads later (docs/decisions/0016)."""

import re
from typing import Any

import dash

# Asked for as soon as the page is read, and not once all scripts have run.
EARLY = (
    '<link rel="preload" href="{prefix}_dash-layout" as="fetch" crossorigin="anonymous">'
    '<link rel="preload" href="{prefix}_dash-dependencies" as="fetch" crossorigin="anonymous">'
)
# The script of tables is as large as that of charts, and the first page shows none: assets/grid.js fetches it with the first table.
GRID = re.compile(r'<script src="(?P<address>[^"]*/dash_ag_grid/[^"]*)"></script>')
# What browsers had not learned in 2019; assets/regenerator-runtime.js is the one part of it that Dash's own scripts still need.
POLYFILL = re.compile(r'<script src="[^"]*/dash/deps/polyfill[^"]*"></script>')


class App(dash.Dash):
    """Dash, with its scripts in the order in which they are needed."""

    def interpolate_index(self, **parts: Any) -> Any:  # type: ignore[override]
        """The page, of which Dash gives the parts."""
        parts["metas"] += EARLY.format(prefix=self.config.requests_pathname_prefix)
        parts["scripts"] = POLYFILL.sub("", parts["scripts"])
        if found := GRID.search(parts["scripts"]):
            parts["metas"] += f'<meta name="grid-script" content="{found["address"]}">'
            parts["scripts"] = parts["scripts"].replace(found[0], "")
        return super().interpolate_index(**parts)  # type: ignore[no-untyped-call]
