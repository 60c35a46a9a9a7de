"""The gatherer on its machine: the artefacts of both layers, unpacked as the user data unpacks them."""

from __future__ import annotations

import platform
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.handlers import ROOT
from tools import release

RUNTIME = "3.13"


def python_of_the_runtime() -> str | None:
    found = subprocess.run([ROOT / "tools/find-python", RUNTIME], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


PYTHON = python_of_the_runtime()
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason=f"no Python {RUNTIME} here"),
    pytest.mark.skipif(
        ARCHITECTURE is None or platform.system() != "Linux", reason="no machine of Lambda's kind"
    ),
]


def build(target: str, tree: Path, artefacts: Path) -> Path:
    """What `sam build` makes of a layer, as the archive that it uploads."""
    artefacts.mkdir()
    makefile = tree / ("layer/Makefile" if target == "DependencyLayer" else "gatherer/Makefile")
    subprocess.run(
        ["make", "--silent", "-f", makefile, f"build-{target}", f"ARTIFACTS_DIR={artefacts}"],
        cwd=tree / f"layer/{ARCHITECTURE}",
        check=True,
    )
    archive = artefacts.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as layer:
        for path in artefacts.rglob("*"):
            layer.write(path, path.relative_to(artefacts))
    return archive


def tree_without_uv(tree: Path) -> Path:
    """A copy of what the layer is made of, with no .venv: there pip brings the packages."""
    without = shutil.ignore_patterns("__pycache__")
    for name in ("layer", "snakebatch", "tools", "functions"):
        shutil.copytree(ROOT / name, tree / name, ignore=without)
    shutil.copy(ROOT / "requirements-layer.lock", tree)
    return tree


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/opt/snakebatch of a machine."""
    scratch = tmp_path_factory.mktemp("machine")
    archives = [
        build("DependencyLayer", tree_without_uv(scratch / "tree"), scratch / "dependencies"),
        build("GathererLayer", ROOT, scratch / "gatherer"),
    ]
    for archive in archives:
        # As the user data does, which keeps no file modes.
        unzip = ["python3", "-m", "zipfile", "-e", archive, scratch / "snakebatch"]
        subprocess.run(unzip, check=True)
    return scratch / "snakebatch"


def test_the_gatherer_starts_with_nothing_but_the_layers(unpacked: Path) -> None:
    done = subprocess.run(
        [str(PYTHON), "-s", "-m", "gatherer", "--help"],
        env={"PYTHONPATH": str(unpacked / "python"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=unpacked.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "GATHERER_PORT" in done.stdout


def test_it_imports_no_package_of_this_machine(unpacked: Path) -> None:
    imports = "import gatherer.__main__, gatherer.api.app, boto3, numpy, pydantic, fastapi, uvicorn, jinja2"
    script = f"{imports}; print(boto3.__file__, numpy.__file__, pydantic.__file__, fastapi.__file__)"
    done = subprocess.run(
        [str(PYTHON), "-s", "-c", script],
        env={"PYTHONPATH": str(unpacked / "python"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(path.startswith(str(unpacked)) for path in done.stdout.split())


def test_the_machine_s_files_are_there(unpacked: Path) -> None:
    assert {path.name for path in (unpacked / "machine").iterdir()} == {
        path.name for path in (ROOT / "gatherer/machine").iterdir()
    }


def files(folder: Path) -> dict[Path, tuple[bytes, bool]]:
    """What the bytes of release.archive follow from (test_release.py): names, contents, what can be run."""
    return {
        path.relative_to(folder): (path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_layer_is_the_same_bytes_and_knows_no_folder_of_ours(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `sam build` makes of it by pip in one folder, and `make release` by uv of .venv in another."""
    assert ARCHITECTURE is not None
    monkeypatch.setattr(release, "archive", lambda folder, out: folder)
    released = files(release.build_layer(ROOT, ARCHITECTURE, tmp_path))
    built = files(unpacked.with_name("dependencies"))
    assert released.keys() == built.keys()
    assert [path for path in built if released[path] != built[path]] == []
    for path, (content, _) in released.items():
        if "snakebatch" in path.parts:
            assert str(tmp_path).encode() not in content, path
