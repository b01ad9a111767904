"""Scripts of the page in the order in which a browser needs them (docs/decisions/0016)."""

import re
from typing import Any

import dash

# Asked for with the page, and not after all scripts have run.
PRELOAD = (
    '<link rel="preload" href="{prefix}_dash-layout" as="fetch" crossorigin="anonymous">'
    '<link rel="preload" href="{prefix}_dash-dependencies" as="fetch" crossorigin="anonymous">'
)
# The script of tables is as large as that of charts, and the first screen shows no table:
# assets/grid.js fetches it with the first one.
GRID_SCRIPT = re.compile(r'<script src="(?P<address>[^"]*/dash_ag_grid/[^"]*)"></script>')


class PreloadingDash(dash.Dash):
    """Dash that preloads its layout and leaves out the script of tables until one is drawn."""

    def interpolate_index(self, **parts: Any) -> Any:  # type: ignore[override]
        """Build the page from the parts that Dash gives."""
        parts["metas"] += PRELOAD.format(prefix=self.config.requests_pathname_prefix)
        if found := GRID_SCRIPT.search(parts["scripts"]):
            parts["metas"] += f'<meta name="grid-script" content="{found["address"]}">'
            parts["scripts"] = parts["scripts"].replace(found[0], "")
        return super().interpolate_index(**parts)  # type: ignore[no-untyped-call]
