"""Which machine and which versions a figure comes from."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from snakebatch.version import ENGINE, VERSION

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that keep a child process's libraries to one thread."""


def machine() -> dict[str, str | int]:
    """Processor, cores, operating system and Python, in words."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """By package its version, our own and that of the engine first."""
    return {"snakebatch": VERSION, "engine": ENGINE} | {name: version(name) for name in packages}


def peak_mib() -> float:
    """The most memory that this process has had in use, in MiB, the interpreter included."""
    # Linux hands a child the peak of the process that started it (getrusage keeps it across exec);
    # VmHWM is of this program alone.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
