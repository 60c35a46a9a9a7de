"""``make audit``: asks the advisory service of PyPI about every locked Python package, by pip-audit.

Ends with 1 where an advisory is found. Where the service can't be reached it says so and ends with 0: a
machine without it proves nothing, and is no reason not to build.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.locks import PYTHON, ROOT

AUDIT = ROOT / "build/venv-checks/bin/pip-audit"
_SECONDS = 300


@dataclass
class Audit:
    """What came of it: advisories found, packages that were asked about, and those that could not be."""

    found: list[str] = field(default_factory=list)
    asked: int = 0
    unasked: int = 0

    def take(self, answer: dict[str, Any]) -> None:
        """Count what pip-audit says of a lock file."""
        for package in answer["dependencies"]:
            if "skip_reason" in package:
                self.unasked += 1
                continue
            self.asked += 1
            for advisory in package["vulns"]:
                mended = ", ".join(advisory["fix_versions"]) or "no version yet"
                self.found.append(
                    f"{package['name']} {package['version']}: {advisory['id']}, mended in {mended}"
                )

    @property
    def code(self) -> int:
        """1 where an advisory was found."""
        return 1 if self.found else 0

    def __str__(self) -> str:
        if self.found:
            return "\n".join(sorted(set(self.found)))
        if not self.asked:
            return "no advisory service answered: nothing was audited"
        left = f", {self.unasked} could not be asked about" if self.unasked else ""
        return f"{self.asked} packages audited, no advisory{left}"


def ask(lock: str, program: Path = AUDIT) -> dict[str, Any] | None:
    """What pip-audit says of a lock file; None where it reached nobody."""
    options = [
        "--disable-pip",
        "--no-deps",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    try:
        done = subprocess.run(
            [program, *options, "--requirement", ROOT / lock],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return None
    return answer


def main() -> int:
    """Audit all lock files."""
    if not AUDIT.exists():
        print("pip-audit is not here: make checks-env")
        return 1
    audit = Audit()
    for lock in PYTHON:
        if (answer := ask(lock)) is not None:
            audit.take(answer)
    print(audit)
    return audit.code


if __name__ == "__main__":
    sys.exit(main())
