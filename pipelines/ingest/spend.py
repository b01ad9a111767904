"""Ingest of gateways' spend logs: a file becomes segments, which the next load takes."""

from pathlib import Path

from models.server.access.callers import ShownNames
from pipelines.archive import utc_now
from pipelines.errors import BadSetting
from pipelines.files import write_durably
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.pseudonyms import read_pseudonyms
from pipelines.settings import Settings
from pipelines.telemetry.spend.spend_log import SpendLogResult, read_spend_log


def take_spend(
    settings: Settings, path: Path, gateway: str, shown: ShownNames = "none"
) -> SpendLogResult:
    """Make segments of a spend log, to be loaded. A segment that was loaded before is not made."""
    if not path.is_file():
        raise BadSetting(f"{path} is not a file. Name an export of LiteLLM_SpendLogs.")
    folders = SpoolFolders.of(settings)

    def store(name: str, content: bytes) -> None:
        if not folders.find("spend", name):
            write_durably(folders.spools["spend"] / name, content)

    pseudonyms = read_pseudonyms(settings, shown)
    return read_spend_log(path, gateway, pseudonyms, utc_now(), store)
