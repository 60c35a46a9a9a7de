"""``make release``: what a release consists of, in dist/, the same bytes wherever it is made.

The wheel, the source distribution, the layer of each architecture, the bill of materials, and SHA256SUMS over
all of them. Nothing in it knows when, where or by whom it was made: archives have no clock, compiled files no
folder of ours.
"""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from snakebatch.version import VERSION
from tools.locks import ROOT
from tools.sbom import bill

DIST = ROOT / "dist"
ARCHITECTURES = ("arm64", "x86_64")
EPOCH = (2020, 2, 2, 0, 0, 0)
"""The moment that every file of an archive has; hatchling's own, for wheels."""


def archive(folder: Path, out: Path) -> Path:
    """``folder`` as a zip file whose bytes follow from names, modes and contents alone."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            executable = path.stat().st_mode & stat.S_IXUSR
            entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            entry.create_system = 3  # Unix, whose modes these are
            packed.writestr(entry, path.read_bytes())
    return out


def build_package(root: Path, folder: Path) -> list[Path]:
    """The wheel and the source distribution of the tree at ``root``."""
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(build, cwd=root, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.glob(f"snakebatch-{VERSION}*"))


def build_layer(root: Path, architecture: str, folder: Path) -> Path:
    """What functions import, as the archive that a Lambda layer is made of."""
    scratch = folder / f"layer-{architecture}"
    wheels = root / "layer" / architecture / "wheels.txt"
    subprocess.run([root / "tools/build-layer", wheels, scratch / "python"], check=True)
    return archive(scratch, folder / f"snakebatch-layer-{VERSION}-{architecture}.zip")


def sums(files: list[Path]) -> str:
    """What ``sha256sum --check`` reads."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    return "".join(sorted(lines, key=lambda line: line.split()[1]))


def main() -> int:
    """Make dist/ anew."""
    DIST.mkdir(exist_ok=True)
    for old in DIST.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        made = build_package(ROOT, Path(scratch))
        made += [build_layer(ROOT, architecture, Path(scratch)) for architecture in ARCHITECTURES]
        files = [path.replace(DIST / path.name) for path in made]
    listed = DIST / f"snakebatch-{VERSION}.cdx.json"
    listed.write_text(json.dumps(bill(), indent=1) + "\n")
    (DIST / "SHA256SUMS").write_text(sums([*files, listed]))
    print((DIST / "SHA256SUMS").read_text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
