"""What we depend on is listed, permitted and audited: licences, the bill of materials, advisories."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools import audit, licences, sbom
from tools.locks import DEPLOYED, NODE, PYTHON, ROOT, Pinned, everything, python_pins

PINS = everything()


def test_every_lock_file_is_looked_at() -> None:
    assert {path.name for path in ROOT.glob("requirements*.lock")} == PYTHON.keys()
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/*/package-lock.json")} == NODE.keys()
    for lock in PYTHON:
        assert len(python_pins(lock)) == len(re.findall(r"^[a-z0-9].*==", (ROOT / lock).read_text(), re.M))


def test_the_page_lists_the_licence_of_every_locked_package() -> None:
    known = licences.licences(PINS)
    assert licences.faults(PINS, known) == []
    assert licences.page(PINS, known) == licences.PAGE.read_text(), "make licences writes it anew"


def test_a_licence_that_is_not_permitted_is_found() -> None:
    pins = [Pinned("pypi", "wanted", "1", "requirements.lock")]
    reasons = licences.RULES["exceptions"].keys()
    (fault, *others) = licences.faults(pins, {"wanted": "GPL-3.0-only"})
    assert fault.startswith("wanted: GPL-3.0-only is not permissive")
    assert len(others) == len(reasons), "and no exception is needed where there is no package"
    assert licences.faults(pins, {})[0] == "wanted: nothing is known of its licence"


@pytest.mark.parametrize(
    ("licence", "permitted"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("", False),
    ],
)
def test_what_is_permitted(licence: str, permitted: bool) -> None:
    assert licences.permitted(licence) is permitted


def test_the_bill_of_materials_lists_every_locked_package() -> None:
    bill = sbom.bill()
    listed = {(part["purl"], prop["value"]) for part in bill["components"] for prop in part["properties"]}
    assert listed == {(pin.purl, pin.lock) for pin in PINS}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(refs) == len(set(refs))
    assert all(part["licenses"] for part in bill["components"])
    deployed = {pin.purl for pin in PINS if pin.lock in DEPLOYED}
    assert set(bill["dependencies"][0]["dependsOn"]) == deployed
    assert bill == sbom.bill(), "the same locks give the same bill"


def test_the_bill_has_the_hashes_that_are_pinned() -> None:
    parts = {part["purl"]: part for part in sbom.bill()["components"]}
    (numpy,) = (pin for pin in python_pins("requirements-layer.lock") if pin.name == "numpy")
    files = parts[numpy.purl]["externalReferences"][0]["hashes"]
    assert {told["content"] for told in files} >= set(numpy.hashes)
    assert "://" not in json.dumps(parts), "no host is named"


def answer(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


def test_an_advisory_fails_the_audit_and_an_absent_service_does_not() -> None:
    silent = audit.Audit()
    silent.take(answer({"name": "a", "skip_reason": "not found"}))
    assert (silent.code, str(silent)) == (0, "no advisory service answered: nothing was audited")
    clean = audit.Audit()
    clean.take(answer({"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "no"}))
    assert (clean.code, str(clean)) == (0, "1 packages audited, no advisory, 1 could not be asked about")
    found = audit.Audit()
    found.take(answer({"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}))
    assert (found.code, str(found)) == (1, "a 1: PYSEC-1, mended in 2")


@pytest.mark.parametrize(
    ("said", "read"), [('{"dependencies": []}', {"dependencies": []}), ("no connection", None)]
)
def test_what_the_auditor_says_is_read(tmp_path: Path, said: str, read: Any) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\necho '{said}'\nexit 1\n")
    program.chmod(0o755)
    assert audit.ask("requirements-layer.lock", program) == read


def test_ci_audits() -> None:
    assert "make audit" in (ROOT / ".ci/run").read_text()
