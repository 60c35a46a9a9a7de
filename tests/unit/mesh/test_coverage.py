"""The invariant check: what may become a layer, and what v9's broken design made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from snakebatch.engine.model_json import text_of
from snakebatch.errors import InvariantError
from snakebatch.mesh.contradiction import ChunkedEngine
from snakebatch.mesh.coverage import LayerCheck
from tests.support.mesh import MeshBench
from tests.support.tables import three_classes

ONE, TWO = [[1, 5.0, False, "N"]], [[1, 5.0, True, "N"]]


def bucket(condition: Any, members: Sequence[int], origins: str = "") -> str:
    return text_of(
        {"condition": condition, "members": members, "origins": list(origins or "c" * len(members))}
    )


def check(*buckets: str, rows: int = 4) -> None:
    layer = LayerCheck(0, rows)
    for text in buckets:
        layer.add(text)
    layer.finish()


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
