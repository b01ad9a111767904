"""Hook of the wheel's build: the kernels for a CPU, compiled where a C++ compiler is.

The libraries need only the C library, so one wheel serves every Python. Without a compiler, or
elsewhere than on Linux with glibc, the wheel has none and is for any machine: the engine compiles
them when it starts, or runs stock torch.
"""

import platform
import re
import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = "models/ops/cpu_library.py"
OLDEST_GLIBC = (2, 17)  # no tag is older


class KernelHook(BuildHookInterface):
    """Hook that adds `models/ops/kernels/<column>.so` and the platform's tag."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile for each column of this kind of machine. An editable install compiles nothing."""
        if version == "editable" or platform.libc_ver()[0] != "glibc":
            return
        self._folder = tempfile.TemporaryDirectory()
        library = runpy.run_path(str(Path(self.root) / LIBRARY))
        newest = OLDEST_GLIBC
        for column in library["machine_columns"]():
            built = Path(self._folder.name) / f"{column}.so"
            try:
                library["build"](column, built, ("-Wl,--as-needed",))
            except library["NoLibrary"] as reason:
                self.app.display_warning(f"The wheel has no kernels, because {reason}.")
                return
            newest = max(newest, needed_glibc(built))
            build_data["force_include"][str(built)] = f"models/ops/kernels/{column}.so"
        if built_columns := library["machine_columns"]():
            system = "manylinux_{}_{}".format(*newest)
            build_data["tag"] = f"py3-none-{system}_{platform.machine()}"
            build_data["pure_python"] = False
            self.app.display_info(f"The wheel has kernels for {', '.join(built_columns)}.")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def needed_glibc(library: Path) -> tuple[int, int]:
    """Return the newest version of glibc whose symbols a library uses."""
    found = re.findall(rb"GLIBC_(\d+)\.(\d+)", library.read_bytes())
    return max((int(major), int(minor)) for major, minor in found)
