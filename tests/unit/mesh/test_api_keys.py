"""Keys at rest: hashes in a file that several may change at once, and the command that does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from snakebatch.cli import main
from snakebatch.cli_keys import bucket_of
from snakebatch.errors import AccountError, InputError, MeshError
from snakebatch.mesh.api_keys import KEYS, KeyFile, hash_of, new_key
from tests.support.mesh import BUCKET, MeshBench


def test_a_key_is_kept_as_its_hash(mesh: MeshBench) -> None:
    keys = KeyFile(mesh.store.objects)
    record, key = keys.add("laptop", 5.0)
    assert len(key) >= 43, "256 random bits"
    assert keys.read() == [record]
    assert (record.name, record.created, record.revoked) == ("laptop", 5.0, None)
    assert record.sha256 == hash_of(key)
    assert key not in mesh.store.objects.get(KEYS).decode()
    assert new_key() != key


def test_a_revoked_key_stays_in_the_list(mesh: MeshBench) -> None:
    keys = KeyFile(mesh.store.objects)
    first, _ = keys.add("laptop", 1.0)
    second, _ = keys.add("laptop", 2.0)
    with pytest.raises(InputError, match=f"name one by its id .{first.id}, {second.id}"):
        keys.revoke("laptop", 3.0)
    assert keys.revoke(first.id, 3.0).revoked == 3.0
    assert keys.revoke(first.id, 4.0).revoked == 3.0, "to revoke twice changes nothing"
    assert keys.revoke("laptop", 5.0).id == second.id, "the one that is left"
    assert [key.revoked for key in keys.read()] == [3.0, 5.0]
    with pytest.raises(InputError, match="there is no key 'laptop'"):
        keys.revoke("laptop", 6.0)


@pytest.mark.parametrize("first", [True, False])
def test_of_two_changes_at_once_none_is_lost(
    mesh: MeshBench, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    keys, others = KeyFile(mesh.store.objects), KeyFile(mesh.store.objects)
    if not first:
        keys.add("before", 0.0)
    write = mesh.store.objects.write_over
    waiting = ["theirs"]

    def meanwhile(*given: Any) -> bool:
        if waiting:
            others.add(waiting.pop(), 1.0)
        return write(*given)

    monkeypatch.setattr(mesh.store.objects, "write_over", meanwhile)
    keys.add("ours", 2.0)
    assert {key.name for key in keys.read()} - {"before"} == {"theirs", "ours"}


def test_who_never_gets_a_turn_is_told(mesh: MeshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_: Any) -> bool:
        return False

    monkeypatch.setattr(mesh.store.objects, "write_over", conflict)
    with pytest.raises(MeshError, match="try again"):
        KeyFile(mesh.store.objects).add("laptop", 1.0)


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_name_is_short(mesh: MeshBench, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        KeyFile(mesh.store.objects).add(name, 1.0)


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(mesh: MeshBench, capsys: pytest.CaptureFixture[str]) -> Command:
    """``snakebatch keys`` on the bucket: its exit code, and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_the_command_adds_lists_and_revokes(mesh: MeshBench, command: Command) -> None:
    code, out, err = command("add", "laptop", "--bucket", BUCKET)
    key = out.strip()
    assert (code, hash_of(key)) == (0, KeyFile(mesh.store.objects).read()[0].sha256)
    assert "laptop" in err
    code, out, _ = command("list", "--bucket", BUCKET)
    assert "laptop" in out
    assert "valid" in out
    assert key not in out
    code, out, _ = command("revoke", "laptop", "--bucket", BUCKET)
    assert "revoked" in out
    assert "revoked" in command("list", "--bucket", BUCKET)[1]


def test_the_command_speaks_json(command: Command) -> None:
    _, out, err = command("add", "laptop", "--bucket", BUCKET, "--json")
    added = json.loads(out)
    assert added.keys() == {"id", "name", "key", "created"}
    assert err == ""
    _, out, _ = command("list", "--bucket", BUCKET, "--json")
    (listed,) = json.loads(out)["keys"]
    assert listed == {"id": added["id"], "name": "laptop", "created": added["created"], "revoked": None}
    _, out, _ = command("revoke", added["id"], "--bucket", BUCKET, "--json")
    assert json.loads(out)["revoked"] is not None


class FakeCloudFormation:
    """One stack, named ``mine``."""

    def __init__(self, outputs: dict[str, str]) -> None:
        self.outputs = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != "mine":
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": self.outputs}]}


def test_the_bucket_of_a_stack_is_looked_up() -> None:
    deployed = FakeCloudFormation({"TrainMachineArn": "arn", "JobsBucketName": BUCKET})
    assert bucket_of(deployed, "mine") == BUCKET
    with pytest.raises(AccountError, match="there is no stack other"):
        bucket_of(deployed, "other")
    with pytest.raises(AccountError, match="is it one of SnakeBatch"):
        bucket_of(FakeCloudFormation({}), "mine")


def test_the_command_names_what_is_wrong(command: Command) -> None:
    code, _, err = command("revoke", "nobody", "--bucket", BUCKET)
    assert (code, "there is no key 'nobody'" in err) == (2, True)
    code, _, err = command("list", "--bucket", "no-such-bucket")
    assert (code, "no-such-bucket" in err) == (1, True)
