"""Packets and routing: who gets what."""

from __future__ import annotations

from collections import Counter

from snakebatch.mesh.messages import Chain, Slice
from snakebatch.mesh.packing import atom_packets, divide_packets, leaf_packets, leaf_weight
from snakebatch.mesh.routing import SHARDS, Pace, Ring, root_shard, wave_shard
from snakebatch.planner.sizing import LEAF_ROWS, MOST_LEAF_ROWS, leaf_rows


def pieces(layer: int, sizes: list[int]) -> list[Slice]:
    return [
        Slice(layer=layer, node=f"{number:06b}", path=[], n=size, final=True)
        for number, size in enumerate(sizes)
    ]


def test_packets_keep_order_size_and_layers() -> None:
    slices = pieces(1, [900] * 60) + pieces(0, [900] * 60)
    packets = list(leaf_packets(slices, classes=2, size=LEAF_ROWS))
    assert [piece for packet in packets for piece in packet] == sorted(slices, key=lambda piece: piece.place)
    for packet in packets:
        assert len({piece.layer for piece in packet}) == 1
        assert sum(piece.n for piece in packet) <= LEAF_ROWS


def test_a_layer_is_packed_alike_whatever_other_layers_there_are() -> None:
    slices = [piece for layer in range(5) for piece in pieces(layer, [700] * 80)]
    five = list(leaf_packets(slices, 2, LEAF_ROWS))
    one = list(leaf_packets(pieces(3, [700] * 80), 2, LEAF_ROWS))
    assert [packet for packet in five if packet[0].layer == 3] == one


def test_a_slice_larger_than_a_packet_is_a_packet() -> None:
    assert [len(packet) for packet in leaf_packets(pieces(0, [10, 10**6, 10]), 2, LEAF_ROWS)] == [1, 1, 1]
    assert [len(packet) for packet in divide_packets(pieces(0, [10**6, 10**6]), 10**5)] == [1, 1]


def test_many_classes_make_smaller_packets() -> None:
    slices = pieces(0, [1000] * 40)
    assert leaf_weight(2) == 1
    few, many = (len(list(leaf_packets(slices, classes, 10_000))) for classes in (2, 10**7))
    assert many > 2 * few


def test_a_large_job_has_larger_packets_and_not_more() -> None:
    slices = pieces(0, [1000] * 1000)
    assert len(list(leaf_packets(slices, 2, leaf_rows(10**6, 25)))) == 6
    assert len(list(leaf_packets(slices, 2, leaf_rows(10**6, 5)))) == 16
    assert leaf_rows(10_000, 5) == LEAF_ROWS
    assert leaf_rows(10**9, 5) == MOST_LEAF_ROWS


def test_every_bucket_is_an_atom_with_the_conditions_before_it() -> None:
    conditions = [[[1, float(k), False, "N"]] for k in range(7)]
    chains = [Chain(slice=piece, conditions=conditions, rows=[1500] * 7) for piece in pieces(0, [10_500] * 3)]
    packets = list(atom_packets(chains, classes=2, size=LEAF_ROWS // 2))
    atoms = [(group.slice.node, k) for packet in packets for group in packet for k in group.ks]
    assert atoms == [(chain.slice.node, k) for chain in chains for k in range(7)]
    for packet in packets:
        for group in packet:
            assert group.chain == conditions[: max(group.ks) + 1]


def test_root_packets_spread_and_later_ones_count_on() -> None:
    assert len({root_shard("job", layer) for layer in range(25)}) > 15
    shards = [wave_shard("job", j) for j in range(SHARDS)]
    assert len(set(shards)) == SHARDS
    start = int(shards[0])
    assert [int(shard) for shard in shards] == [(start + j) % SHARDS for j in range(SHARDS)]


def test_the_slots_get_their_share() -> None:
    ring = Ring.of("job", 12)
    shards = Counter(wave_shard("job", j, Pace(48, 12, ring)) for j in range(4800))
    provisioned = {shard: shards.pop(shard) for shard in ring.levels()}
    assert set(provisioned.values()) == {4800 * 12 // 48 // 12}, "a quarter of the packets, evenly"
    assert len(shards) == 88
    assert max(shards.values()) - min(shards.values()) <= 1, "the rest takes nobody's slot"


def test_a_shard_with_more_slots_gets_more_packets() -> None:
    ring = Ring.of("job", 150)
    shards = Counter(wave_shard("job", j, Pace(150, 150, ring)) for j in range(1500))
    assert {shard: number // 10 for shard, number in shards.items()} == ring.levels()


def test_where_every_child_has_a_slot_all_packets_go_to_them() -> None:
    ring = Ring.of("session/afternoon", 5)
    shards = Counter(wave_shard("job", j, Pace(5, 5, ring)) for j in range(100))
    assert shards == dict.fromkeys(ring.levels(), 20)


def test_a_part_of_a_session_s_slots_goes_round_all_its_shards() -> None:
    ring = Ring.of("session/afternoon", 12)
    shards = Counter(wave_shard("job", j, Pace(16, 6, ring)) for j in range(1600))
    assert all(shards[shard] == 50 for shard in ring.levels())
