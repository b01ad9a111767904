"""A part of the slow files for each run of continuous integration: `--slow-part 1/2`.

All quick tests run every time. Of the files with slow tests one run has one half and the next run
the other one, so that two runs have all of them within the time that one run may take.
"""

from pathlib import Path
from zlib import crc32

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option; without it all tests run."""
    parser.addoption("--slow-part", default="1/1", help="part of the slow files, such as 1/2")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests of the files of other parts, and count them as deselected."""
    number, parts = map(int, config.getoption("slow_part").split("/"))
    root = config.rootpath
    kept, left_out = [], []
    for item in items:
        is_ours = part_of(item.path.relative_to(root), parts) == number
        is_slow = item.get_closest_marker("slow") is not None
        (kept if is_ours or not is_slow else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def part_of(path: Path, parts: int) -> int:
    """Return the part of a file, 1 to `parts`: the same on every machine."""
    return crc32(path.as_posix().encode()) % parts + 1
