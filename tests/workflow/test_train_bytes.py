"""The same seed gives the same model.json through the whole cloud, whatever happens on the way."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakebatch.local.cloud import EmbeddedCloud
from tests.support.tables import overlapping, three_classes
from tests.support.training import Ended, children, events, in_process, train

PARAMETERS: dict[str, Any] = {"n_layers": 3, "bucket": 30, "tau": 90, "seed": 7}
TEXT = overlapping(500)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What Snake trains in this process."""
    return in_process(TEXT, tmp_path_factory.mktemp("snake"), **PARAMETERS)


@pytest.fixture(scope="module")
def one() -> Iterator[EmbeddedCloud]:
    """One handler process, one gatherer, which is waited for however slow this machine is."""
    with EmbeddedCloud(processes=1, gather_heartbeat=600) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def eight() -> Iterator[EmbeddedCloud]:
    """Eight handler processes, two gatherers alive at once."""
    with EmbeddedCloud(processes=8, gatherers=2, gather_heartbeat=600) as cloud:
        yield cloud


@pytest.mark.parametrize(("grain", "levels"), [("slice", "auto"), ("bucket", 1)])
def test_one_process(one: EmbeddedCloud, expected: bytes, grain: str, levels: Any) -> None:
    ended = train(one, TEXT, leaf_grain=grain, levels_per_wave=levels, **PARAMETERS)
    assert ended.read("model") == expected


@pytest.mark.parametrize(("grain", "levels"), [("slice", 1), ("bucket", "auto")])
def test_eight_processes_and_two_gatherers(
    eight: EmbeddedCloud, expected: bytes, grain: str, levels: Any
) -> None:
    ended = train(eight, TEXT, leaf_grain=grain, levels_per_wave=levels, **PARAMETERS)
    assert ended.read("model") == expected
    waves = ended.states().count("Divide")
    assert waves == 1 if levels == "auto" else waves > 2
    assert ended.states().count("Conquer") == (grain == "bucket")


def test_packets_repeated_and_reports_delivered_twice(eight: EmbeddedCloud, expected: bytes) -> None:
    """Every shard is invoked again, twice and out of order; then the job is resumed and assembled again."""
    first = train(eight, TEXT, job="repeated", **PARAMETERS)
    payloads = [invocation for child in children(eight, first.arn) for invocation in _inputs(eight, child)]
    assert len(payloads) >= 6
    repeated = payloads * 2
    random.Random(5).shuffle(repeated)
    for payload in repeated:
        answer = eight.client("lambda").invoke(
            FunctionName=f"v9-worker-pipe-{payload['shard']}:live", Payload=json.dumps(payload)
        )
        assert json.loads(answer["Payload"].read())["reused"] is True

    resumed = train(eight, TEXT, job="repeated", **PARAMETERS)

    assert resumed.output["fingerprint"] == first.output["fingerprint"]
    assert first.read("model") == resumed.read("model") == expected
    assert children(eight, resumed.arn) == []


def _inputs(cloud: EmbeddedCloud, child: str) -> Iterator[dict[str, Any]]:
    yield json.loads(cloud.sfn.describe_execution(executionArn=child)["input"])


def test_a_table_within_one_leaf_goes_straight_to_its_leaves(one: EmbeddedCloud, tmp_path: Path) -> None:
    text = three_classes(60)
    ended = train(one, text, **PARAMETERS)
    assert ended.read("model") == in_process(text, tmp_path, **PARAMETERS)
    assert "Divide" not in ended.states()


def test_the_gatherer_assembled_it_and_the_receipt_says_so(one: EmbeddedCloud) -> None:
    ended = train(one, TEXT, **PARAMETERS)
    receipt = json.loads(ended.read("receipt"))
    model = json.loads(ended.read("model"))
    assert receipt["assembled_by"] == "gatherer"
    assert receipt["plan"]["rows"] == receipt["rows"]["kept"] == ended.output["rows"] == len(model["targets"])
    assert receipt["actual"]["rows_covered"] == ended.output["rows"] * 3
    assert receipt["actual"]["seconds"] > 0
    assert list(receipt["actual"]["seconds_by_step"]) == ["stage", "0-divide", "1-leaf"]
    assert receipt["actual"]["invocations"] == len(children(one, ended.arn))
    assert 0 < receipt["actual"]["usd"] <= receipt["plan"]["max_usd"]
    assert ended.output["buckets"] == sum(map(len, model["layers"]))
    assert json.loads(ended.read("model_stripped"))["population"] == []


def test_no_state_and_no_result_outgrows_4_kib_whatever_the_cells_hold(one: EmbeddedCloud) -> None:
    """Cells of 10,000 characters, and a column name of as many."""
    name = "n" * 10_000
    lines = [f"{name},y"] + [f"{chr(97 + n % 20) * 10_000}{n % 40},{n % 2}" for n in range(240)]
    ended = train(one, "\n".join(lines), n_layers=1, bucket=10, tau=50, seed=1, leaf_grain="bucket")
    assert ended.status == "SUCCEEDED"
    assert max(_sizes(ended)) < 4096


@pytest.mark.parametrize(
    ("rows", "parameters", "says"),
    [
        ("{name},x\n1,2\n", {}, "there is no column 'y'"),
        ("{name},y\ninf,2\n1,3\n", {}, "not a finite number"),
        ("{name},{name},y\n1,2,3\n", {}, "two columns are named"),
        ("{name}\n1\n", {"target": 0}, "there is no feature column"),
    ],
)
@pytest.mark.parametrize("letter", ["n", "\N{GRINNING FACE}"])
def test_a_refused_table_keeps_its_error_small_too(
    one: EmbeddedCloud, rows: str, parameters: dict[str, Any], says: str, letter: str
) -> None:
    ended = train(one, rows.replace("{name}", letter * 10_000), **parameters)
    assert ended.status == "FAILED"
    assert says in ended.error[1]
    assert max(_sizes(ended)) < 4096


def _sizes(ended: Ended) -> Iterator[int]:
    """Bytes of every input, output and cause in the histories of an execution and its children."""
    for arn in (ended.arn, *children(ended.cloud, ended.arn)):
        for event in events(ended.cloud, arn):
            for details in (value for key, value in event.items() if key.endswith("EventDetails")):
                for field in ("input", "output", "parameters", "cause"):
                    yield len(details.get(field, "").encode())
