"""The invariant check: what may become a layer, and what v9's broken design made of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snakebatch.engine.model_json import text_of
from snakebatch.errors import InvariantError
from snakebatch.mesh.contradiction import ChunkedEngine
from snakebatch.mesh.coverage import LayerCheck, cover_of
from snakebatch.mesh.messages import Cover, LeafIndex
from tests.support.mesh import MeshBench
from tests.support.tables import three_classes

ONE, TWO = [[1, 5.0, False, "N"]], [[1, 5.0, True, "N"]]


def bucket(condition: Any, members: Sequence[int], origins: str = "") -> str:
    return text_of(
        {"condition": condition, "members": members, "origins": list(origins or "c" * len(members))}
    )


def check(*buckets: str, rows: int = 4) -> None:
    """All in one packet, then each in a packet of its own: what is broken is told alike."""
    told = [_told(rows, [buckets]), _told(rows, [[text] for text in buckets])]
    assert told[0] == told[1]
    if told[0]:
        raise InvariantError(told[0])


def _told(rows: int, packets: Sequence[Sequence[str]]) -> str:
    layer = LayerCheck(0, rows)
    try:
        for texts in packets:
            cover = cover_of(texts)
            leaf = LeafIndex(layer=0, node="", k=None, rows=sum(cover.sizes), buckets=len(texts))
            layer.add(cover, [leaf])
        layer.finish()
    except InvariantError as error:
        return str(error)
    return ""


def cover(sizes: Sequence[int], *members: int, conditions: int | None = None) -> Cover:
    packed = base64.b64encode(np.array(members, dtype="<i4").tobytes()).decode()
    names = [str(number) for number in range(len(sizes) if conditions is None else conditions)]
    return Cover(members=packed, sizes=list(sizes), conditions=names)


@pytest.mark.parametrize(
    ("told", "rows", "says"),
    [
        (cover([2, 2], 0, 1, 2), 4, "not what their cover says"),
        (cover([2, 2], 0, 1, 2, 3, conditions=1), 4, "not what their cover says"),
        (cover([2, 2], 0, 1, 2, 3), 3, "leaf 0/01: 4 core members for 3 rows"),
        (Cover(members="!", sizes=[1], conditions=["a"]), 1, "can't be read"),
        (Cover(members="AAA=", sizes=[1], conditions=["a"]), 1, "can't be read"),
    ],
)
def test_a_cover_that_contradicts_itself_is_refused(told: Cover, rows: int, says: str) -> None:
    leaf = LeafIndex(layer=0, node="01", k=None, rows=rows, buckets=len(told.sizes))
    with pytest.raises(InvariantError, match=says):
        LayerCheck(0, 4).add(told, [leaf])


def test_a_bucket_of_no_leaf_is_refused() -> None:
    leaf = LeafIndex(layer=0, node="", k=None, rows=2, buckets=1)
    with pytest.raises(InvariantError, match="bucket 1 and those after it belong to no leaf"):
        LayerCheck(0, 4).add(cover([2, 2], 0, 1, 2, 3), [leaf])


def test_a_partition_passes() -> None:
    check(bucket(ONE, [0, 2]), bucket(TWO, [1]), bucket(None, [3]))


def test_a_bucket_whose_members_stand_elsewhere_is_read_whole() -> None:
    check('{"members":[0,1,2,3],"origins":["c","c","c","c"],"condition":null}')


def test_noise_members_do_not_cover() -> None:
    with pytest.raises(InvariantError, match=r"in no bucket, e\.g\. 3"):
        check(bucket(ONE, [0, 2]), bucket(TWO, [1, 3], "cn"))


@pytest.mark.parametrize(
    ("buckets", "says"),
    [
        ([bucket(ONE, [0, 1]), bucket(ONE, [2, 3])], "condition of an earlier bucket"),
        ([bucket(None, [0, 1]), bucket(ONE, [2, 3])], "after ELSE"),
        ([bucket(ONE, [0, 1, 2]), bucket(TWO, [2, 3])], "row 2"),
        ([bucket(ONE, [0, 0, 1]), bucket(TWO, [2, 3])], "row 0"),
        ([bucket(ONE, [0, 1, 2]), bucket(TWO, [4])], "outside"),
        ([bucket(ONE, [0, 1, 2, 3]), bucket(TWO, [])], "no core member"),
        ([bucket(ONE, [0, 1])], "2 of 4 rows"),
    ],
)
def test_what_is_no_chain_is_refused(buckets: list[str], says: str) -> None:
    with pytest.raises(InvariantError, match=says):
        check(*buckets)


def test_the_broken_chunked_design_is_rejected(mesh: MeshBench) -> None:
    """The paper's before/after table: 1,000 rows, every leaf chunked, all chunks under one condition."""
    mesh.engine = ChunkedEngine()
    staged = mesh.stage(mesh.upload(three_classes(1000)), n_layers=1, bucket=32, tau=500, seed=7)
    mesh.run_wave(mesh.leaves(staged))

    with pytest.raises(InvariantError, match="layer 0: bucket 1 has the condition of an earlier bucket"):
        mesh.assemble(staged)
    assert mesh.store.find_assembled(mesh.keys(staged), "test") is None


def test_the_same_set_through_one_leaf_a_slice_is_accepted(mesh: MeshBench) -> None:
    _, model = mesh.train(mesh.upload(three_classes(1000)), n_layers=1, bucket=32, tau=500, seed=7)
    conditions = [json.dumps(entry["condition"]) for entry in json.loads(model)["layers"][0]]
    assert len(set(conditions)) == len(conditions) > 1
