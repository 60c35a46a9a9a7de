"""One target under atheris: ``python -m tests.fuzz.guided TARGET LAUNCHER`` and what libFuzzer takes.

libFuzzer starts itself again to merge; LAUNCHER is a script that does so.
"""

from __future__ import annotations

import sys

from tests.fuzz.finding import prepare


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    if not prepare():
        sys.exit("atheris is not installed: make checks-env")
    import atheris

    # Only our own code: what the libraries do inside is not what we look for.
    with atheris.instrument_imports(include=["snakebatch", "tests.fuzz"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[sys.argv[1]]
    atheris.Setup(sys.argv[2:], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
