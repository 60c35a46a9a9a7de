"""Which shard gets which packet."""

from __future__ import annotations

from snakebatch.mesh.canonical import stable_hash

SHARDS = 100


def shard_name(number: int) -> str:
    """The two digits that follow the prefix in a shard's function name."""
    return f"{number % SHARDS:02d}"


def root_shard(job: str, layer: int) -> str:
    """The shard of a layer's root packet: spreads the first wave of many jobs over the mesh."""
    return shard_name(stable_hash(job, layer) % SHARDS)


def wave_shard(job: str, j: int, *, slots: int = 0, concurrency: int = 1, provisioned: int = 0) -> str:
    """The shard of packet ``j`` of a later wave.

    Counting on from the job's own start reuses the environments that earlier waves warmed: packet j of every
    wave meets the same shard. With ``slots`` provisioned slots over the first ``provisioned`` shards, the
    share slots/concurrency of the packets goes round those.
    """
    start = stable_hash(job)
    if slots and provisioned:
        share = min(slots, concurrency)
        turn, before = (j + 1) * share // concurrency, j * share // concurrency
        if turn > before:
            return shard_name(start % SHARDS + before % provisioned)
    return shard_name((start + j) % SHARDS)
