"""The library of `cpu_fused.cpp`: built for a CPU, found or built where the engine starts.

Only the standard library is imported, because the hook that builds a wheel runs this file too.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

CpuColumn = Literal["avx512_bf16", "avx512", "avx2", "neon"]

SOURCE = Path(__file__).with_name("cpu_fused.cpp")
SHIPPED = Path(__file__).with_name("kernels")  # a wheel has <column>.so here
ARCHITECTURES: dict[CpuColumn, list[str]] = {
    "avx512_bf16": ["-march=x86-64-v4", "-mavx512bf16", "-mprefer-vector-width=512"],
    "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    "avx2": ["-march=x86-64-v3"],
    "neon": ["-march=armv8-a"],
}
FLAGS = [
    "-O3",
    "-std=c++17",
    "-shared",
    "-fPIC",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-math-errno",
    "-fvisibility=hidden",
]
COMPILERS = ("c++", "g++", "clang++")
COMPILE_SECONDS = 300


class NoLibrary(Exception):
    """The kernels cannot be had here; the message says why."""


def machine_columns(machine: str = platform.machine()) -> list[CpuColumn]:
    """Return the columns of a kind of machine, the fastest first, whatever its CPU can run."""
    if machine.lower() in ("x86_64", "amd64"):
        return ["avx512_bf16", "avx512", "avx2"]
    return ["neon"] if machine.lower() in ("aarch64", "arm64") else []


def find_library(column: CpuColumn, cache: Path, shipped: Path = SHIPPED) -> Path:
    """Return the library of a column: the wheel's, an earlier build's, or one built now.

    A build's name has the hash of source, flags and column, so another source is another file. The
    hash of its content lies beside it: a file that was damaged would end the process that loads it.
    """
    if (found := shipped / f"{column}.so").exists():
        return found
    cached = cache / f"{column}-{_digest(column)}.so"
    if not _is_whole(cached):
        build(column, cached)
        with suppress(OSError):  # without it, the next start builds again
            _hash_file(cached).write_bytes(_hash(cached))
    return cached


def build(column: CpuColumn, target: Path, flags: tuple[str, ...] = ()) -> None:
    """Compile the library of a column. It appears whole under its name, or not at all."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise NoLibrary("there is no C++ compiler; install g++ or clang")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            built = Path(folder) / target.name
            command = [compiler, *FLAGS, *ARCHITECTURES[column], *flags, SOURCE, "-o", built]
            subprocess.run(
                list(map(str, command)), check=True, capture_output=True, timeout=COMPILE_SECONDS
            )
            os.replace(built, target)  # noqa: PTH105 - the rename that replaces is os.replace
    except OSError as error:
        raise NoLibrary(f"{target.parent} cannot be written ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise NoLibrary(f"{compiler} did not end within {COMPILE_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        reason = next(iter(error.stderr.decode(errors="replace").splitlines()), "without a word")
        raise NoLibrary(f"{compiler} failed: {reason}") from error


def _is_whole(library: Path) -> bool:
    try:
        return _hash_file(library).read_bytes() == _hash(library)
    except OSError:
        return False


def _hash(library: Path) -> bytes:
    return hashlib.sha256(library.read_bytes()).hexdigest().encode()


def _hash_file(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _digest(column: CpuColumn) -> str:
    text = " ".join([column, *FLAGS, *ARCHITECTURES[column]]).encode()
    return hashlib.sha256(text + SOURCE.read_bytes()).hexdigest()[:16]
