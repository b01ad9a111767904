"""Install torch's build for CPUs into this environment, where PyTorch's index can be reached.

On Linux on x86-64 PyPI's torch is the build for CUDA, of several gigabytes. Elsewhere, or without
that index, nothing is done here: pip then takes what PyPI has.
"""

import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

INDEX = "https://download.pytorch.org/whl/cpu"
SECONDS = 5
CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"


def main() -> None:
    """Install it, unless a torch is there."""
    if find_spec("torch") or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return
    try:
        urlopen(f"{INDEX}/torch/", timeout=SECONDS).close()  # noqa: S310 - an address of ours
    except (URLError, TimeoutError, OSError):
        print(f"{INDEX} cannot be reached; torch comes from PyPI.", file=sys.stderr)
        return
    [wanted] = [line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch==")]
    quiet = ["--quiet", "--disable-pip-version-check"]
    # A failure here is none of the installation: PyPI's build does as well.
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *quiet, "--index-url", INDEX, wanted], check=False
    )


if __name__ == "__main__":
    main()
