"""Training and evaluation text of the shipped models: Python's standard library (PSF licence)."""

import sysconfig
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

EXCLUDED_FOLDERS = {"test", "tests", "idle_test", "site-packages", "lib2to3", "__phello__"}
HELD_OUT_OF = 40  # one file in this many is never trained on


@dataclass(frozen=True)
class Corpus:
    """Texts to train on and texts to evaluate on. A file's name alone decides its part."""

    training: list[str]
    held_out: list[str]
    fingerprint: str  # over all names and bytes: another Python version is another corpus


def standard_library() -> Corpus:
    """Read every module of the running Python's standard library, without tests, by name."""
    root = Path(sysconfig.get_path("stdlib"))
    digest = sha256()
    corpus = Corpus([], [], "")
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if EXCLUDED_FOLDERS & set(name.parts):
            continue
        raw = path.read_bytes()
        digest.update(f"{name.as_posix()}\0{len(raw)}\0".encode() + raw)
        is_held_out = sha256(name.as_posix().encode()).digest()[0] % HELD_OUT_OF == 0
        (corpus.held_out if is_held_out else corpus.training).append(raw.decode("utf-8", "replace"))
    return Corpus(corpus.training, corpus.held_out, digest.hexdigest())
