"""Messages: nothing unknown passes, nothing damaged passes, and equal content has equal names."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from snakebatch.engine.literal import Literal
from snakebatch.errors import ChecksumError, MeshError
from snakebatch.mesh.canonical import canonical, seal, stable_hash, unseal
from snakebatch.mesh.messages import (
    GatherMessage,
    LeafMessage,
    Packet,
    Slice,
    Training,
    parse,
    read_queue_message,
)
from snakebatch.version import ENGINE

TRAINING = Training(bucket=250, tau=1000, seed=7, oppose_profile="balanced", lookahead=5)
LEAF = LeafMessage(
    job="job",
    fingerprint="f" * 32,
    execution="run",
    packet="p" * 32,
    layer=1,
    node="010",
    k=None,
    rows=900,
    buckets=4,
    shard="07",
    cold=True,
    started=1.5,
    seconds=0.25,
)

GATHER = GatherMessage(job="job", fingerprint="f" * 32, execution="run", token="t" * 1000)


def packet(**changes: object) -> Packet:
    fields = {
        "engine": ENGINE,
        "job": "job",
        "fingerprint": "f" * 32,
        "role": "leaf",
        "population": "d" * 32,
        "training": TRAINING,
        "slices": [Slice(layer=0, node="0", path=[[1, 0.1, False, "N"]], n=3, final=True)],
    }
    return Packet.model_validate({**fields, **changes})


def test_a_packet_survives_the_store_with_its_name() -> None:
    made = packet()
    read = parse(Packet, unseal("packet", seal("packet", made.body()), "here"))
    assert read == made
    assert read.id == made.id
    assert read.slices[0].literals == (Literal(1, 0.1, False, "N"),)


@pytest.mark.parametrize("change", [{"job": "other"}, {"engine": "2"}, {"role": "conquer"}, {"budget": 1}])
def test_another_content_has_another_name(change: dict[str, object]) -> None:
    assert packet(**change).id != packet().id


def test_sealing_takes_no_clock_and_no_order() -> None:
    assert seal("x", {"a": 1, "b": 2}) == seal("x", {"b": 2, "a": 1})


@pytest.mark.parametrize("damage", [b"", b"not gzip", seal("report", {}), seal("packet", [1])[:-9]])
def test_a_damaged_object_is_refused_by_its_name(damage: bytes) -> None:
    with pytest.raises(ChecksumError, match="jobs/this"):
        unseal("packet", damage, "jobs/this")


def test_no_flipped_bit_changes_the_content_and_no_missing_end_passes() -> None:
    body = {"rows": list(range(60)), "text": "x" * 90}
    data = seal("report", body)
    for place in range(len(data)):
        damaged = bytes([*data[:place], data[place] ^ 0x10, *data[place + 1 :]])
        with suppress(ChecksumError):
            # What passes, such as a flipped bit of gzip's own clock or padding, is no other content.
            assert unseal("report", damaged, "here") == body
    for length in range(len(data)):
        with pytest.raises(ChecksumError):
            unseal("report", data[:length], "here")


def test_a_number_that_json_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_another_version_or_an_unknown_field_is_refused() -> None:
    with pytest.raises(MeshError, match="version"):
        parse(Packet, {**packet().body(), "version": 2})
    with pytest.raises(MeshError, match="colour"):
        parse(Packet, {**packet().body(), "colour": "red"})


def test_a_leaf_message_survives_the_queue() -> None:
    assert read_queue_message(LEAF.sealed()) == LEAF


def test_a_gather_message_needs_no_checksum() -> None:
    assert read_queue_message(json.dumps(GATHER.body())) == GATHER


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not json", MeshError),
        ("[1]", MeshError),
        (LEAF.sealed().replace('"rows":900', '"rows":901'), ChecksumError),
        (json.dumps(LEAF.body()), ChecksumError),
        (json.dumps({"kind": "gather", "job": "job"}), MeshError),
        ('{"kind":"leaf","rows":NaN}', ChecksumError),
        ('{"kind":"leaf","rows":1e999}', ChecksumError),
        ("[" * 100_000, MeshError),
        ('{"a":' * 100_000, MeshError),
        (json.dumps({**GATHER.body(), "token": "\ud800"}), MeshError),
        (json.dumps({**GATHER.body(), "job": "../other"}), MeshError),
    ],
)
def test_what_is_no_message_says_why(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_queue_message(text)


def test_the_hash_that_routes_is_the_same_everywhere() -> None:
    assert stable_hash("job", 3) == 1316121631546689607
