"""Evidence bundles as zip files, made by a separate process where viewers ask for them."""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from dashboards.statements.actions import ActionRefusedError
from pipelines.errors import QueryFailed
from pipelines.evidence.bundle import Bundle
from pipelines.settings import Settings

SECONDS = 180.0
# The command puts the name of an error before its text.
ERROR = "Error: "
# Of inputs that viewers may download; a folder can have any size.
MAX_DOWNLOAD_BYTES = 512 * 1024**2


def write_zip(target: Path, make: Callable[[Path], Bundle]) -> Bundle:
    """Make a bundle and write it as a zip file, which is there whole or not at all."""
    if target.exists():
        raise QueryFailed(f"{target} exists. Name another file, or remove it first.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        bundle = make(Path(folder) / target.stem)
        partial = Path(folder) / "partial.zip"
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in sorted(bundle.folder.rglob("*")):
                if path.is_file():
                    zipped.write(path, path.relative_to(folder))
        partial.replace(target)
    return bundle


def make_download(settings: Settings, name: str, folder: Path) -> Path:
    """Make the evidence of a claim (id or id:basis) for a viewer, in a process with its own memory.

    Raise ActionRefusedError where there is none, or where it is too large.
    """
    target = folder / f"{name.replace(':', '-')}.zip"
    command = [
        *(sys.executable, "-m", "pipelines", "evidence", name, "-o", str(target)),
        *("--max-bytes", str(MAX_DOWNLOAD_BYTES)),
    ]
    environment = {**os.environ, "TOKENTIDE_HOME": str(settings.home), "COLUMNS": "1000"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ActionRefusedError(
            f"The bundle took longer than {SECONDS:g} s. Run `tokentide evidence {name} -o folder`."
        ) from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["The bundle could not be made."]
        raise ActionRefusedError(lines[-1].removeprefix(ERROR))
    return target
