"""What a tree of processes holds, as Linux tells it: memory, files, threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    """What processes hold together; ``bytes`` are private and a share of what they have in common."""

    processes: int
    bytes: int
    files: int
    threads: int


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return sorted(found)


def held(pids: list[int]) -> Held:
    """What these processes hold; those that ended since count nothing."""
    found = [one for pid in pids if (one := _held(pid)) is not None]
    return Held(
        processes=len(found),
        bytes=sum(one.bytes for one in found),
        files=sum(one.files for one in found),
        threads=sum(one.threads for one in found),
    )


def _parent(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name in brackets may hold spaces and brackets itself.
    state, parent = status.rpartition(")")[2].split()[:2]
    return None if state == "Z" else int(parent)


def _held(pid: int) -> Held | None:
    folder = Path(f"/proc/{pid}")
    try:
        memory = _lines(folder / "smaps_rollup")["Pss"]
        threads = _lines(folder / "status")["Threads"]
        return Held(1, 1024 * int(memory.split()[0]), len(os.listdir(folder / "fd")), int(threads))
    except (OSError, KeyError):
        return None


def _lines(path: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in path.read_text().splitlines())
    return {name: value.strip() for name, _, value in pairs}
