"""``make licences``: the licence of every locked package, from its own metadata, into docs/licences.md.

What is not installed keeps the line that it has. Ends with 1 where a licence is unknown, or is neither
permissive nor an exception with its reason (tools/licences.toml).
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from itertools import chain
from pathlib import Path
from typing import Any

from tools.locks import NODE, PYTHON, ROOT, Pinned, everything

PAGE = ROOT / "docs/licences.md"
RULES: dict[str, Any] = tomllib.loads((ROOT / "tools/licences.toml").read_text())
ENVIRONMENTS = ("build/venv-deploy", "build/venv-emulator", "build/venv-checks", "build/venv-docs")

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_START = """# Licences

Every package that a lock file pins, by its own metadata. `make licences` writes this page,
`tools/licences.toml` says which licences are permitted, and `tests/unit/test_supply_chain.py` holds both to
the lock files. What is used for "functions and gatherer" or "HTTP API" is deployed, all else is not.
SnakeBatch itself is MIT.

| Package | Licence | Used for |
|---|---|---|
"""
_EXCEPTIONS = """
## Not permissive, and used all the same

| Package | Why |
|---|---|
"""


def installed(folders: Iterable[str]) -> dict[str, str]:
    """Package -> licence, of this environment and of those folders; the first that has it counts."""
    found: dict[str, str] = {}
    paths = [str(path) for folder in folders for path in (ROOT / folder).glob("lib/python3*/site-packages")]
    for one in chain(distributions(), distributions(path=paths)):
        if (licence := licence_of(one)) is not None:
            found.setdefault(normal(one.metadata["Name"]), licence)
    return found


def normal(name: str) -> str:
    """A name as lock files have it."""
    return name.lower().replace("_", "-").replace(".", "-")


def licence_of(package: Distribution) -> str | None:
    """What a package says of its licence, in SPDX's words; None where it says nothing."""
    told = package.metadata.json
    if expression := told.get("license_expression"):
        return str(expression)
    classifiers = [str(name).rpartition(" :: ")[2] for name in told.get("classifier", [])]
    known = [_CLASSIFIERS[name] for name in classifiers if name in _CLASSIFIERS]
    text = str(told.get("license") or "").strip()
    if known:
        # The text may say which BSD it is.
        return text if known == ["BSD"] and text in RULES["permissive"] else " AND ".join(sorted(known))
    return text if text and len(text) < 40 else None


def permitted(licence: str) -> bool:
    """Whether a licence, or one of those that may be chosen, is permissive."""
    parts = licence.replace("(", "").replace(")", "").split(" AND ")
    return all(any(name in RULES["permissive"] for name in part.split(" OR ")) for part in parts)


def read_page() -> dict[str, str]:
    """Package -> licence, as docs/licences.md says."""
    lines = PAGE.read_text().partition("\n## ")[0].splitlines() if PAGE.exists() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[1] for row in rows}


def licences(pins: list[Pinned]) -> dict[str, str]:
    """Package -> licence, of all that is locked; what is unknown is left out."""
    known = {**read_page(), **installed(ENVIRONMENTS)}
    known |= {pin.name: pin.licence for pin in pins if pin.licence is not None}
    known |= RULES["said"]
    names = [pin.name if pin.kind == "npm" else normal(pin.name) for pin in pins]
    return {name: known[name] for name in sorted(set(names)) if name in known}


def page(pins: list[Pinned], known: dict[str, str]) -> str:
    """The text of docs/licences.md."""
    use: dict[str, str] = {}
    for pin in pins:
        use.setdefault(pin.name if pin.kind == "npm" else normal(pin.name), {**PYTHON, **NODE}[pin.lock])
    table = "".join(f"| `{name}` | {known[name]} | {use[name]} |\n" for name in sorted(use) if name in known)
    reasons = "".join(f"| `{name}` | {why} |\n" for name, why in sorted(RULES["exceptions"].items()))
    return f"{_START}{table}{_EXCEPTIONS}{reasons}"


def faults(pins: list[Pinned], known: dict[str, str]) -> list[str]:
    """What is not as it should be, a line each."""
    names = {pin.name if pin.kind == "npm" else normal(pin.name) for pin in pins}
    wrong = [f"{name}: nothing is known of its licence" for name in sorted(names - known.keys())]
    for name, licence in known.items():
        if not permitted(licence) and name not in RULES["exceptions"]:
            wrong.append(
                f"{name}: {licence} is not permissive; do without, or give the reason in licences.toml"
            )
    for name in RULES["exceptions"]:
        if name not in names or permitted(known.get(name, "")):
            wrong.append(f"{name}: no exception is needed any longer")
    return wrong


def main() -> int:
    """Write the page, and say what is wrong."""
    pins = everything()
    known = licences(pins)
    Path(PAGE).write_text(page(pins, known))
    wrong = faults(pins, known)
    print("\n".join(wrong) or f"{len(known)} packages, all permitted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
