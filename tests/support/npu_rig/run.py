"""Run the tests of the NPU operations without an NPU and without CANN.

    .venv-npu/bin/python tests/support/npu_rig/run.py [options of pytest]

torch_npu is real: its Python code, its schemas, its shape functions. To be loaded it needs Ascend's
runtime, whose libraries are built here: runtime.c, and functions that return 0 for all other
symbols that torch_npu needs and nothing here defines.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests" / "models" / "ops"
LIBRARIES = Path(sys.prefix) / "ascend-runtime"
RUNTIME = "libascendcl.so"
EMPTY = (
    "libhccl.so",
    "libge_runner.so",
    "libgraph.so",
    "libacl_tdt_channel.so",
    "libatb.so",
)
# Libraries in which torch_npu looks functions of the runtime up by name.
NAMED = ("libacl_op_compiler.so", "libopapi.so")
SOURCE = Path(__file__).with_name("runtime.c")


def main() -> None:
    """Build the stubs once, then run pytest."""
    if find_spec("torch_npu") is None:
        sys.exit("torch_npu is not installed here; `make npu` makes an environment with it.")
    runtime = LIBRARIES / RUNTIME
    if not runtime.exists() or runtime.stat().st_mtime < SOURCE.stat().st_mtime:
        build_stubs()
    path = filter(None, [str(LIBRARIES), os.environ.get("LD_LIBRARY_PATH")])
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(path)
    os.environ["OMP_NUM_THREADS"] = "1"  # with such small tensors threads only wait for each other
    os.environ["TASK_QUEUE_ENABLE"] = "0"  # no thread of torch_npu between a call and the runtime
    os.environ["NPU_RIG"] = "1"
    # Only this folder's conftest: others import packages that the rig does not have.
    options = ["-o", "pythonpath=tests", "-p", "no:cacheprovider", f"--confcutdir={TESTS}"]
    files = [str(path) for path in sorted(TESTS.glob("test_npu_*.py"))]
    command = [sys.executable, "-m", "pytest", *options, *files, *sys.argv[1:]]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


def build_stubs() -> None:
    """Build the runtime, and libraries for the names that are linked or opened beside it."""
    LIBRARIES.mkdir(exist_ok=True)
    for library in EMPTY:
        compile_library(library, "int stub;")
    written = SOURCE.read_text()
    defined = set(re.findall(r"(\w+)\(", written))
    stubs = [f"int {each}(void) {{ return 0; }}" for each in sorted(needed_symbols() - defined)]
    for library in NAMED:
        compile_library(library, "\n".join(stubs))
    compile_library(RUNTIME, "\n".join([written, *stubs]))


def compile_library(name: str, source: str) -> None:
    """Compile a shared library from C. It appears whole or not at all."""
    unfinished = LIBRARIES / f"{name}.part"
    run_tool("gcc", "-shared", "-fPIC", "-w", "-o", str(unfinished), "-x", "c", "-", stdin=source)
    unfinished.rename(LIBRARIES / name)


def needed_symbols() -> set[str]:
    """Find the symbols of torch_npu that neither it, torch, Python nor the system defines.

    Others it looks up by name when it needs them.
    """
    ours = package_libraries("torch_npu")
    python = Path(sys.executable).resolve()
    system = [python, *linked_libraries(python), *linked_libraries(ours[0])]
    needed = set().union(*(symbols(each, "--undefined-only") for each in ours))
    definers = [*ours, *package_libraries("torch"), *system]
    linked = needed - set().union(*(symbols(each, "--defined-only") for each in definers))
    named = re.findall(
        rb"\0(acl[a-z]*[A-Z]\w+)(?=\0)", b"".join(each.read_bytes() for each in ours)
    )
    return linked | {each.decode() for each in named}


def package_libraries(package: str) -> list[Path]:
    """List the shared libraries of an installed package."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return [*folder.glob("lib/*.so"), *folder.glob("_C*.so")]


def linked_libraries(binary: Path) -> list[Path]:
    """List the system libraries that a binary is linked with."""
    return [Path(path) for path in re.findall(r"(/\S+) \(", run_tool("ldd", str(binary)))]


def symbols(library: Path, which: str) -> set[str]:
    """Read a library's dynamic symbol table, without weak symbols, which may stay missing."""
    lines = run_tool("nm", "--dynamic", which, str(library)).splitlines()
    entries = [line.split() for line in lines]
    return {entry[-1].split("@")[0] for entry in entries if entry[-2] not in ("w", "v")}


def run_tool(tool: str, *arguments: str, stdin: str | None = None) -> str:
    """Run a tool and return its stdout, or exit with the package to install."""
    path = shutil.which(tool)
    if path is None:
        sys.exit(
            f"The rig needs {tool}. Install a C compiler with its binutils, for example with "
            "`apt-get install gcc`."
        )
    return subprocess.run(
        [path, *arguments], input=stdin, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    main()
