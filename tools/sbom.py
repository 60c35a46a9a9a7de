"""``make sbom``: a bill of materials, CycloneDX 1.5, of everything that the lock files pin.

The same lock files give the same bytes: no clock and no host is in it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from snakebatch.version import VERSION
from tools.licences import RULES, normal, read_page
from tools.locks import DEPLOYED, ROOT, Pinned, everything

OUT = ROOT / "build/sbom.cdx.json"


def bill() -> dict[str, Any]:
    """The bill of materials."""
    licences = read_page()
    pins: dict[str, list[Pinned]] = {}
    for pin in everything():
        pins.setdefault(pin.purl, []).append(pin)
    components = [component(found, licences) for _, found in sorted(pins.items())]
    digest = hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()
    ours = {"type": "application", "bom-ref": "snakebatch", "name": "snakebatch", "version": VERSION}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"component": {**ours, "licenses": [{"license": {"id": "MIT"}}]}},
        "components": components,
        "dependencies": [
            {
                "ref": "snakebatch",
                "dependsOn": [part["bom-ref"] for part in components if part["scope"] == "required"],
            }
        ],
    }


def component(pins: list[Pinned], licences: dict[str, str]) -> dict[str, Any]:
    """A package, which one or several lock files pin; ``required`` is what is deployed."""
    first = pins[0]
    licence = licences.get(first.name if first.kind == "npm" else normal(first.name))
    said: dict[str, Any] = {
        "type": "library",
        "bom-ref": first.purl,
        "name": first.name,
        "version": first.version,
        "purl": first.purl,
        "scope": "required" if any(pin.lock in DEPLOYED for pin in pins) else "excluded",
        "properties": [{"name": "snakebatch:lock", "value": pin.lock} for pin in pins],
    }
    if licence:
        known = " AND " in licence or " OR " in licence
        said["licenses"] = [{"expression": licence}] if known else [{"license": _licence(licence)}]
    if first.hashes:
        files = [{"alg": "SHA-256", "content": digest} for digest in first.hashes]
        said["externalReferences"] = [{"type": "distribution", "url": first.purl, "hashes": files}]
    return said


def _licence(name: str) -> dict[str, str]:
    # "BSD" does not say which: that is no name of SPDX.
    return {"name": name} if name == "BSD" or name not in [*RULES["permissive"], "MPL-2.0"] else {"id": name}


def main() -> None:
    """Write the bill under build/."""
    OUT.parent.mkdir(exist_ok=True)
    told = bill()
    OUT.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{len(told['components'])} packages in {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
