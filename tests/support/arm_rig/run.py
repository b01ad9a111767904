"""Run tests of the fused kernels for ARM (NEON) on an emulated CPU, on a machine of another kind.

    python tests/support/arm_rig/run.py [options of pytest]

QEMU runs Debian's Python for ARM with torch's wheel for ARM; a cross compiler builds the kernels.
Nothing of it is installed on the machine: Python is unpacked into a folder (root is needed, since
Debian's bootstrap asks for it). What is emulated says nothing about speed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
RIG = REPOSITORY / ".venv-arm"
ROOT, PACKAGES, INSTALLED = RIG / "root", RIG / "packages", RIG / ".installed"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
SUITE = "bookworm"
LIBRARIES = "python3,python3-pip,libstdc++6,libgomp1,libatomic1"
QUIET = ("--quiet", "--no-compile", "--disable-pip-version-check")
EMULATOR, COMPILER = "qemu-aarch64-static", "aarch64-linux-gnu-g++"
TOOLS = {
    EMULATOR: "qemu-user-static",
    COMPILER: "g++-aarch64-linux-gnu",
    "debootstrap": "debootstrap",
}
TESTS = (
    "tests/models/ops/test_cpu_fused.py",
    "tests/models/ops/test_cpu_fused_draw.py",
    "tests/models/engine/test_engine_logits.py",
)
# They start another Python, which only a kernel that knows the emulator could do.
LEFT_OUT = "not sanitizer"


def main() -> None:
    """Unpack what is missing, then run the tests. Exits with pytest's code."""
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing. Install it: apt-get install {package}")
    if not INSTALLED.exists():
        shutil.rmtree(RIG, ignore_errors=True)
        unpack_python()
        # pip runs inside, because it reads the conditions of dependencies for the machine it is on.
        run(*python(), "-m", "pip", "install", *QUIET, "--target", PACKAGES, "-r", REQUIREMENTS)
        (RIG / "bin").mkdir()
        (RIG / "bin" / "c++").symlink_to(shutil.which(COMPILER) or "")
        INSTALLED.touch()
    os.environ["PATH"] = os.pathsep.join((str(RIG / "bin"), os.environ["PATH"]))
    os.environ["XDG_CACHE_HOME"] = str(RIG / "cache")
    # pyproject.toml's options name plugins that are not needed here.
    options = ["-c", os.devnull, "--rootdir", REPOSITORY, "--import-mode=importlib"]
    chosen = ["-m", "not long", "-k", LEFT_OUT, "--confcutdir", "tests/models/ops", *TESTS]
    command = [*python(), "-m", "pytest", *options, *chosen, *sys.argv[1:]]
    sys.exit(subprocess.run(list(map(str, command)), cwd=REPOSITORY, check=False).returncode)


def unpack_python() -> None:
    """Unpack Debian's Python for ARM and the libraries that torch needs, without configuring."""
    which = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={LIBRARIES}"]
    run("debootstrap", *which, SUITE, ROOT)
    for package in sorted(ROOT.glob("var/cache/apt/archives/*.deb")):
        run("dpkg", "-x", package, ROOT)


def python() -> list[str | Path]:
    """Return the beginning of a command of the emulated Python."""
    inside = {
        "PYTHONPATH": os.pathsep.join(map(str, (PACKAGES, REPOSITORY, REPOSITORY / "tests"))),
        "LD_LIBRARY_PATH": f"{ROOT}/usr/lib/aarch64-linux-gnu",
        "OMP_NUM_THREADS": "1",
    }
    settings = [word for name, value in inside.items() for word in ("-E", f"{name}={value}")]
    return [EMULATOR, "-cpu", "max", "-L", ROOT, *settings, ROOT / "usr/bin/python3"]


def run(*command: str | Path) -> None:
    """Run a command, or exit with its last lines."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        sys.exit(f"{command[0]} failed:\n{last}")


if __name__ == "__main__":
    main()
