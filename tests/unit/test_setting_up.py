"""tools/make-venv: uv installs what is locked, told what pip is told, and pip does where uv can't."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = "wheel-of-a-kind==1.0 \\\n    --hash=sha256:00\n"
UV = "uv==9.9 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n    # via us\n"
STUB = '#!/bin/sh\necho "$(basename "$0") $*" >>"$LOG"\n'


def like_pip() -> Any:
    loader = importlib.machinery.SourceFileLoader("like_pip", str(ROOT / "tools/like-pip"))
    spec = importlib.util.spec_from_loader("like_pip", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_uv_is_told_what_pip_is_told() -> None:
    told = (
        "global.index-url='https://one.example/simple'\n"
        "install.index-url='https://two.example/simple'\n"
        "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'\n"
        "global.find-links='/wheels /more'\n"
        ":env:.cert='/etc/ca.pem'\n"
        "global.cert='/other.pem'\n"
        "global.proxy='http://proxy.example:3128'\n"
        "global.quiet='1'\n"
        "freeze.timeout='10'\n"
    )
    assert like_pip().settings(told) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "HTTP_PROXY": "http://proxy.example:3128",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An environment that is there already, whose programs only write down that they were called."""
    (tmp_path / "bin").mkdir()
    stub(tmp_path, "python")
    return tmp_path


def stub(folder: Path, name: str, more: str = "") -> None:
    path = folder / "bin" / name
    path.write_text(STUB + more)
    path.chmod(0o755)


def make_venv(folder: Path, lock: str) -> list[str]:
    """The calls that the stubs wrote down, paths shortened."""
    (folder / "lock").write_text(lock)
    log = folder / "log"
    log.write_text("")
    subprocess.run(
        [ROOT / "tools/make-venv", "python3", folder, folder / "lock"],
        env={**os.environ, "LOG": str(log)},
        capture_output=True,
        check=True,
    )
    return log.read_text().replace(f"{folder}/", "").replace(f"{ROOT}/", "").splitlines()


HAS_PIP = "python -m pip --version"
OPTIONS = "--no-deps --require-hashes -r"
PIP = f"python -m pip install --quiet --disable-pip-version-check {OPTIONS}"
BY_UV = f"python tools/like-pip bin/uv pip install --quiet --python bin/python {OPTIONS} lock"


def test_the_uv_of_the_lock_is_brought_by_pip_and_installs_the_rest(folder: Path) -> None:
    brings_uv = f'[ "$2" = pip ] && [ "$3" = install ] && cp "$0" {folder}/bin/uv\nexit 0\n'
    stub(folder, "python", brings_uv)
    assert make_venv(folder, LOCK + UV)[1:] == [HAS_PIP, f"{PIP} uv.lock", BY_UV]
    assert (folder / "uv.lock").read_text().split() == UV.partition("#")[0].split()
    assert (folder / ".installed").read_text() == LOCK + UV
    assert make_venv(folder, LOCK + UV) == [], "the same lock is installed once"


def test_where_uv_fails_pip_installs(folder: Path) -> None:
    stub(folder, "uv")
    stub(folder, "python", 'case "$1" in *like-pip) exit 1 ;; esac\n')
    assert make_venv(folder, LOCK + UV)[1:] == [BY_UV, HAS_PIP, f"{PIP} lock"]


def test_where_both_fail_nothing_counts_as_installed(folder: Path) -> None:
    stub(folder, "uv")
    stub(folder, "python", 'case "$*" in *--require-hashes*) exit 1 ;; esac\n')
    with pytest.raises(subprocess.CalledProcessError):
        make_venv(folder, LOCK + UV)
    assert not (folder / ".installed").exists()
