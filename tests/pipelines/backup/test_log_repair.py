"""A log gets back the lines that it lost, in no other's way."""

from pathlib import Path

import pytest

from pipelines.backup.log_repair import repair_log

KEPT = b'{"n": 1}\n{"n": 2}\n'


@pytest.mark.parametrize(
    ("held", "lost", "repaired"),
    [
        (b"", 2, KEPT),
        (KEPT, 0, KEPT),
        (KEPT + b'{"n": 3}\n', 0, KEPT + b'{"n": 3}\n'),
        (b'{"n": 1}\n{"nn\n{"n": 3}\n', 1, b'{"n": 1}\n    \n{"n": 3}\n{"n": 2}\n'),
        (b'{"n": 1}\n{"n', 1, b'{"n": 1}\n{"n\n{"n": 2}\n'),
        (b'{"n": 2}\n', 1, b'{"n": 2}\n{"n": 1}\n'),
    ],
)
def test_lines_come_back(tmp_path: Path, held: bytes, lost: int, repaired: bytes) -> None:
    """At the end; a line that is none becomes blanks, and one that may still grow stays."""
    path = tmp_path / "log.jsonl"
    if held:
        path.write_bytes(held)
    assert repair_log(path, KEPT) == lost
    assert path.read_bytes() == repaired
    assert repair_log(path, KEPT) == 0
