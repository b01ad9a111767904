"""Runs the tests of the NPU column where no NPU and no CANN is: `.venv-npu/bin/python tests/models/npu/rig/run.py [pytest's options]`.

torch_npu is real: its Python code, its schemas, its shape functions. What it needs to be loaded is Ascend's runtime, whose libraries are
built here from C functions that return 0. They are found by what is missing: symbols that torch_npu wants and nothing here defines.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARIES = Path(sys.prefix) / "stand-in"
RUNTIME = "libascendcl.so"
EMPTY = (
    "libhccl.so",
    "libacl_op_compiler.so",
    "libge_runner.so",
    "libgraph.so",
    "libacl_tdt_channel.so",
    "libatb.so",
)
# Functions whose 0 would not do: no devices, no message, no name; and those that return something wider than an int.
SPECIAL = {
    "aclrtGetDeviceCount": "int aclrtGetDeviceCount(unsigned *count) { *count = 0; return 0; }",
    "aclrtGetSocName": "const char *aclrtGetSocName(void) { return 0; }",
    "aclGetRecentErrMsg": 'const char *aclGetRecentErrMsg(void) { return ""; }',
    "aclAppLog": "void aclAppLog(void) {}",
    "MsprofGetHashId": "unsigned long MsprofGetHashId(void) { return 0; }",
}


def main() -> None:
    """Build once, then run pytest."""
    if find_spec("torch_npu") is None:
        sys.exit("torch_npu is not installed here; `make npu` makes an environment with it.")
    if not (LIBRARIES / RUNTIME).exists():
        build()
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(
        filter(None, [str(LIBRARIES), os.environ.get("LD_LIBRARY_PATH")])
    )
    os.environ["OMP_NUM_THREADS"] = (
        "1"  # the tensors are so small that threads only wait for each other
    )
    own = [
        "-o",
        "pythonpath=tests tests/models/npu",
        "-p",
        "no:cacheprovider",
        f"--confcutdir={HERE.parent}",
        str(HERE.parent),
    ]
    sys.exit(
        subprocess.run(
            [sys.executable, "-m", "pytest", *own, *sys.argv[1:]], cwd=HERE.parents[3], check=False
        ).returncode
    )


def build() -> None:
    """The runtime and the libraries that are only named beside it."""
    LIBRARIES.mkdir(exist_ok=True)
    for library in EMPTY:
        compile_library(library, "int stand_in;")
    functions = [
        SPECIAL.get(symbol, f"int {symbol}(void) {{ return 0; }}")
        for symbol in sorted(missing_symbols())
    ]
    compile_library(RUNTIME, "\n".join(functions))


def compile_library(name: str, source: str) -> None:
    """One shared library from C; it appears whole or not at all."""
    half_done = LIBRARIES / f"{name}.part"
    output_of("gcc", "-shared", "-fPIC", "-w", "-o", str(half_done), "-x", "c", "-", given=source)
    half_done.rename(LIBRARIES / name)


def missing_symbols() -> set[str]:
    """What torch_npu's libraries want and neither they, torch, Python nor the system define."""
    ours = libraries_of("torch_npu")
    system = [
        Path(sys.executable).resolve(),
        *linked(Path(sys.executable).resolve()),
        *linked(ours[0]),
    ]
    wanted = set().union(*(symbols(each, "--undefined-only") for each in ours))
    return wanted - set().union(
        *(symbols(each, "--defined-only") for each in [*ours, *libraries_of("torch"), *system])
    )


def libraries_of(package: str) -> list[Path]:
    """The shared libraries of an installed package."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return [*folder.glob("lib/*.so"), *folder.glob("_C*.so")]


def linked(binary: Path) -> list[Path]:
    """The libraries of the system that a binary is linked with."""
    return [Path(found) for found in re.findall(r"(/\S+) \(", output_of("ldd", str(binary)))]


def symbols(library: Path, which: str) -> set[str]:
    """Names in a library's dynamic symbol table, without weak ones that are wanted: those may stay missing."""
    found = [
        line.split() for line in output_of("nm", "--dynamic", which, str(library)).splitlines()
    ]
    return {parts[-1].split("@")[0] for parts in found if parts[-2] not in ("w", "v")}


def output_of(tool: str, *arguments: str, given: str | None = None) -> str:
    """What a tool prints, or an end that says what to install."""
    found = shutil.which(tool)
    if found is None:
        sys.exit(
            f"The rig needs {tool}. Install a C compiler with its binutils, for example with `apt-get install gcc`."
        )
    return subprocess.run(
        [found, *arguments], input=given, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    main()
