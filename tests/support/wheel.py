"""An environment in which the wheel is installed as a user would have it, with its commands."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.processes import ROOT


def installed(folder: Path) -> Path:
    """Build the wheel and install it into a new environment; returns the directory of its programs.

    What it depends on is taken from the environment of the tests: no index is asked.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, ROOT], check=True, capture_output=True, timeout=300)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    (wheel,) = folder.glob("*.whl")
    into = ["--python", programs / "python", "install", "--no-deps", "--no-index", wheel]
    subprocess.run([*pip, *into], check=True, capture_output=True, timeout=300)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs
