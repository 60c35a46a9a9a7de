"""The one place that knows where a job's objects lie.

    jobs/{job}/job.json                                  the job, written once
    jobs/{job}/population-{digest}.bin                   the rows, by column
    jobs/{job}/{fp}/{role}/packets/{id}.json.gz          work, named by its content
    jobs/{job}/{fp}/{role}/reports/{id}.json.gz          its answer, written once
    jobs/{job}/{fp}/{role}/texts/{id}.json               the run of model.json that belongs to it
    jobs/{job}/{fp}/layers-{n}/model.json                and model_stripped.json
    jobs/{job}/{fp}/executions/{execution}/...           run, manifest, assembled, receipt, waves/{n}/,
                                                         partial/
    waves/{job}/{fp}/{execution}/{n}/...                 items.json and results/, of use while the Map runs
    runs/{execution}.json                                which job and fingerprint an execution is of
    gather/pending/{id}.json                             task tokens that wait for their model

``fp`` is the start of the fingerprint. Packets and reports are shared by all executions of a job, which is
what makes a resume cheap; what one execution alone decides lies under its own name. What a Map reads and
writes lies apart from the jobs: it expires, and a lifecycle rule knows prefixes only.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from snakebatch.errors import ChecksumError, FingerprintError, MeshError
from snakebatch.mesh.canonical import canonical, content_hash, read_json, seal, unseal
from snakebatch.mesh.invocation import Invocation, invocation_of
from snakebatch.mesh.messages import GatherMessage, Message, Packet, PacketItem, Report, Role, Text, parse
from snakebatch.mesh.objects import Objects, md5_of
from snakebatch.mesh.records import (
    Assembled,
    JobRecord,
    Manifest,
    PartialModel,
    RunName,
    RunRecord,
    WaveRecord,
)

R = TypeVar("R", bound=Message)

PENDING = "gather/pending/"
JOBS = "jobs/"
_SHORT = 12

_ASKERS = 16
"""Objects asked about at a time: S3 answers in tens of milliseconds."""


@dataclass(frozen=True)
class Keys:
    """Keys of one job under one fingerprint."""

    job: str
    fingerprint: str

    @property
    def root(self) -> str:
        return f"jobs/{self.job}/{self.fingerprint[:_SHORT]}"

    def packet(self, role: Role, packet: str) -> str:
        return f"{self.root}/{role}/packets/{packet}.json.gz"

    def reports(self, role: Role) -> str:
        return f"{self.root}/{role}/reports/"

    def report(self, role: Role, packet: str) -> str:
        return f"{self.reports(role)}{packet}.json.gz"

    def text(self, role: Role, packet: str) -> str:
        return f"{self.root}/{role}/texts/{packet}.json"

    def model(self, n_layers: int, *, stripped: bool) -> str:
        return f"{self.root}/layers-{n_layers}/{'model_stripped' if stripped else 'model'}.json"

    def partial(self, execution: str, *, stripped: bool) -> str:
        return self.execution(execution, f"partial/{'model_stripped' if stripped else 'model'}.json")

    def execution(self, execution: str, name: str) -> str:
        return f"{self.root}/executions/{execution}/{name}"

    def executions(self) -> str:
        """The prefix under which each execution of the job has what it alone decided."""
        return f"{self.root}/executions/"

    def waves(self, execution: str) -> str:
        """The prefix of what an execution's Maps read and wrote."""
        return f"waves/{self.job}/{self.fingerprint[:_SHORT]}/{execution}/"

    def wave(self, execution: str, wave: int, name: str) -> str:
        """What is of use only while a wave's Map runs, and until somebody has looked at its failures."""
        return f"{self.waves(execution)}{wave}/{name}"


def require_same(present: JobRecord, record: JobRecord) -> None:
    """Raise FingerprintError where a job's record is of other data, parameters or another engine."""
    if present.fingerprint != record.fingerprint:
        raise FingerprintError(
            f"job {record.job} was trained on other data, parameters or engine "
            f"({present.fingerprint[:_SHORT]}, not {record.fingerprint[:_SHORT]}): choose another job id, "
            "or start it again as it was; only n_layers, leaf_grain, levels_per_wave and the slots may change"
        )


class JobStore:
    """Reads and writes the objects of jobs; what it reads is checked against its checksum."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    # The job

    def create_job(self, record: JobRecord) -> JobRecord:
        """Write the job's record, or return the one of an earlier run of the same job.

        Raises FingerprintError where the job id belongs to other data, parameters or another engine.
        """
        key = f"jobs/{record.job}/job.json"
        if self.objects.create(key, _plain(record)):
            return record
        present = self._record(JobRecord, key)
        require_same(present, record)
        return present

    def job(self, job: str, fingerprint: str) -> JobRecord:
        """The job's record; raises FingerprintError where ``fingerprint`` is not its own."""
        record = self._record(JobRecord, f"jobs/{job}/job.json")
        if record.fingerprint != fingerprint:
            raise FingerprintError(
                f"job {job} has fingerprint {record.fingerprint[:_SHORT]}, not {fingerprint[:_SHORT]}"
            )
        return record

    def find_job(self, job: str) -> JobRecord | None:
        """The record of a job that was started before; None where there is none."""
        key = f"jobs/{job}/job.json"
        data = self.objects.find(key)
        return None if data is None else _read(JobRecord, data, key)

    def put_population(self, job: str, digest: str, data: bytes) -> None:
        """Write the population's file unless it is there, whole; its content was hashed into its name."""
        key = self._population(job, digest)
        if not self.objects.create(key, data) and not self.objects.holds(key, md5_of(data), len(data)):
            self.objects.put(key, data)

    def population(self, job: str, digest: str) -> bytes:
        return self.objects.get(self._population(job, digest))

    def population_chunks(self, job: str, digest: str) -> Iterator[bytes]:
        """The population's file, some bytes at a time."""
        return self.objects.chunks(self._population(job, digest))

    @staticmethod
    def _population(job: str, digest: str) -> str:
        return f"jobs/{job}/population-{digest}.bin"

    # Packets and reports

    def put_packet(self, packet: Packet) -> str:
        """Write a packet under its content's name; returns its id.

        Over the one of an earlier run, which is the same unless it was damaged since.
        """
        identity = packet.id
        keys = Keys(packet.job, packet.fingerprint)
        self.objects.put(keys.packet(packet.role, identity), seal("packet", packet.body()))
        return identity

    def packet(self, key: str, identity: str) -> Packet:
        """The packet at ``key``; raises ChecksumError where its content is not what its id says."""
        body = unseal("packet", self.objects.get(key), key)
        if content_hash(canonical(body)) != identity:
            raise ChecksumError(f"{key} does not hold packet {identity}")
        return parse(Packet, body)

    def item(self, keys: Keys, role: Role, packet: str, shard: str) -> PacketItem:
        return PacketItem(packet=packet, shard=shard, key=keys.packet(role, packet))

    def find_report(self, packet: Packet, identity: str) -> Report | None:
        """The verified report of a packet, or None where it has none yet."""
        key = Keys(packet.job, packet.fingerprint).report(packet.role, identity)
        data = self.objects.find(key)
        return None if data is None else _report(data, key, packet.role, identity)

    def put_report(self, packet: Packet, report: Report, by: Invocation) -> bool:
        """Write a report once. Where another shard was faster, check that it said the same; False then.

        Raises MeshError where it did not: two shards that disagree on the same packet are not the same
        engine.
        """
        key = Keys(packet.job, packet.fingerprint).report(packet.role, report.packet)
        if self.objects.create(key, seal("report", report.body()), by.said()):
            return True
        if (
            self.report(Keys(packet.job, packet.fingerprint), packet.role, report.packet).body()
            != report.body()
        ):
            raise MeshError(
                f"two shards answered packet {report.packet} differently: are all on one version?"
            )
        return False

    def report(self, keys: Keys, role: Role, packet: str) -> Report:
        key = keys.report(role, packet)
        return _report(self.objects.get(key), key, role, packet)

    def report_and_maker(self, keys: Keys, role: Role, packet: str) -> tuple[Report, Invocation | None]:
        """A packet's report, and who made it if it says so."""
        key = keys.report(role, packet)
        data, said = self.objects.get_with_said(key)
        return _report(data, key, role, packet), invocation_of(packet, role, said)

    def invocation(self, keys: Keys, role: Role, packet: str) -> Invocation | None:
        """Who made a packet's report; None where there is no report, or it does not say."""
        said = self.objects.said_of(keys.report(role, packet))
        return None if said is None else invocation_of(packet, role, said)

    def invocations(self, keys: Keys, role: Role, packets: Iterable[str]) -> list[Invocation]:
        """Who made these packets' reports, of those that say so."""
        with ThreadPoolExecutor(_ASKERS) as askers:
            found = askers.map(lambda packet: self.invocation(keys, role, packet), packets)
            return [made for made in found if made is not None]

    def reported(self, keys: Keys, role: Role) -> set[str]:
        """The ids of all packets of a role that have a report."""
        return {*self.reported_at(keys, role)}

    def reported_at(self, keys: Keys, role: Role) -> dict[str, float]:
        """The ids of all packets of a role that have a report, and when it was written (epoch seconds)."""
        prefix = keys.reports(role)
        return {key[len(prefix) :].partition(".")[0]: when for key, when in self.objects.written(prefix)}

    def holds_text(self, keys: Keys, role: Role, packet: str, text: Text) -> bool:
        """Whether the run that a report tells of is there, whole."""
        return self.objects.holds(keys.text(role, packet), text.md5, text.bytes)

    def forget_report(self, keys: Keys, role: Role, packet: str) -> None:
        """Forget a packet's answer, so that the packet is done again."""
        self.objects.delete(keys.report(role, packet))

    def put_text(self, packet: Packet, identity: str, run: bytes) -> None:
        """Write the run that belongs to a report; again, with the same bytes, where an earlier try died."""
        key = Keys(packet.job, packet.fingerprint).text(packet.role, identity)
        self.objects.put(key, run)

    # One execution

    def put_run(self, run: RunRecord) -> None:
        keys = Keys(run.job, run.fingerprint)
        self.objects.put(keys.execution(run.execution, "run.json"), _plain(run))
        self.objects.put(_run(run.execution), _plain(RunName(job=run.job, fingerprint=run.fingerprint)))

    def find_run(self, execution: str) -> RunRecord | None:
        """The run of an execution's name; None where it was never staged."""
        name = self.find_run_name(execution)
        return None if name is None else self.run(Keys(name.job, name.fingerprint), execution)

    def run(self, keys: Keys, execution: str) -> RunRecord:
        return self._record(RunRecord, keys.execution(execution, "run.json"))

    def put_wave(self, keys: Keys, execution: str, wave: WaveRecord, items: Iterable[PacketItem]) -> str:
        """Write a wave and the Map's items (the packets that still need a report); returns the items' key."""
        self.objects.put(keys.execution(execution, f"waves/{wave.wave}/wave.json"), _plain(wave))
        key = keys.wave(execution, wave.wave, "items.json")
        self.objects.put(key, canonical([item.body() for item in items]).encode())
        return key

    def wave(self, keys: Keys, execution: str, wave: int) -> WaveRecord:
        return self._record(WaveRecord, keys.execution(execution, f"waves/{wave}/wave.json"))

    def find_wave(self, keys: Keys, execution: str, wave: int) -> WaveRecord | None:
        """A wave's record; None where it is not planned yet."""
        key = keys.execution(execution, f"waves/{wave}/wave.json")
        data = self.objects.find(key)
        return None if data is None else _read(WaveRecord, data, key)

    def items(self, keys: Keys, execution: str, wave: int) -> list[PacketItem]:
        """The items that a wave's Map was given: those of its packets that had no report yet."""
        key = keys.wave(execution, wave, "items.json")
        found: list[Any] = read_json(self.objects.get(key), key)
        return [parse(PacketItem, item) for item in found]

    def results(self, keys: Keys, execution: str, wave: int) -> str:
        """The prefix under which a Map writes its results."""
        return keys.wave(execution, wave, "results")

    def written(self, keys: Keys, execution: str) -> dict[str, float]:
        """When each object of an execution was written (epoch seconds), by its name: the steps it took."""
        prefix = keys.execution(execution, "")
        return {key.removeprefix(prefix): when for key, when in self.objects.written(prefix)}

    def put_manifest(self, manifest: Manifest) -> None:
        keys = Keys(manifest.job, manifest.fingerprint)
        self.objects.put(keys.execution(manifest.execution, "manifest.json"), _plain(manifest))

    def manifest(self, keys: Keys, execution: str) -> Manifest:
        return self._record(Manifest, keys.execution(execution, "manifest.json"))

    def find_manifest(self, keys: Keys, execution: str) -> Manifest | None:
        """The leaves that a run expects; None before its last wave is planned."""
        key = keys.execution(execution, "manifest.json")
        data = self.objects.find(key)
        return None if data is None else _read(Manifest, data, key)

    def put_partial(self, keys: Keys, execution: str, partial: PartialModel) -> None:
        self.objects.put(keys.execution(execution, "partial/partial.json"), _plain(partial))

    def find_partial(self, keys: Keys, execution: str) -> PartialModel | None:
        """What a run's partial model is; None where nobody asked for one."""
        key = keys.execution(execution, "partial/partial.json")
        data = self.objects.find(key)
        return None if data is None else _read(PartialModel, data, key)

    def manifests(self, keys: Keys) -> Iterator[Manifest]:
        """The manifests of all runs of the job; those that can't be read are left out."""
        for key in self.objects.keys(keys.executions()):
            if key.endswith("/manifest.json"):
                with contextlib.suppress(MeshError):
                    yield self._record(Manifest, key)

    def put_assembled(self, keys: Keys, execution: str, assembled: Assembled) -> None:
        self.objects.put(keys.execution(execution, "assembled.json"), _plain(assembled))

    def find_assembled(self, keys: Keys, execution: str) -> Assembled | None:
        key = keys.execution(execution, "assembled.json")
        data = self.objects.find(key)
        return None if data is None else _read(Assembled, data, key)

    def put_receipt(self, keys: Keys | None, execution: str, receipt: dict[str, object]) -> str:
        """Write a receipt; without ``keys`` (the job was never staged) beside the jobs. Returns its URI."""
        key = _receipt(keys, execution)
        text = json.dumps(receipt, indent=2, ensure_ascii=False)
        self.objects.put(key, f"{text}\n".encode())
        return self.objects.uri(key)

    def receipt(self, keys: Keys | None, execution: str) -> bytes | None:
        """A receipt's JSON, as it was written; None where there is none yet."""
        return self.objects.find(_receipt(keys, execution))

    def find_run_name(self, execution: str) -> RunName | None:
        """Which job an execution is of; None where it was never staged."""
        data = self.objects.find(_run(execution))
        return None if data is None else _read(RunName, data, _run(execution))

    def forget_run(self, execution: str) -> None:
        """Forget which job an execution is of."""
        self.objects.delete(_run(execution))

    # Task tokens that wait

    def keep_pending(self, message: GatherMessage) -> str:
        """Keep a task token until its model is there; the same message twice is one record."""
        key = f"{PENDING}{content_hash(message.token)}.json"
        self.objects.put(key, _plain(message))
        return key

    def forget_pending(self, key: str) -> None:
        self.objects.delete(key)

    def pending_keys(self) -> list[str]:
        """The key of every kept token, sorted."""
        return list(self.objects.keys(PENDING))

    def find_pending(self, key: str) -> GatherMessage | None:
        """A kept token; None where it was answered since. Raises MeshError where it can't be read."""
        data = self.objects.find(key)
        return None if data is None else _read(GatherMessage, data, key)

    def _record(self, model: type[R], key: str) -> R:
        return _read(model, self.objects.get(key), key)


def _run(execution: str) -> str:
    return f"runs/{execution}.json"


def _receipt(keys: Keys | None, execution: str) -> str:
    return keys.execution(execution, "receipt.json") if keys else f"{prefix_of_failed(execution)}receipt.json"


def prefixes_of_job(job: str) -> tuple[str, str]:
    """Under which prefixes all lies that a job has; the job itself last."""
    return f"waves/{job}/", f"{JOBS}{job}/"


def prefix_of_failed(execution: str) -> str:
    """Under which prefix an execution's things lie that was never staged."""
    return f"failed/{execution}/"


def _plain(record: Message) -> bytes:
    return canonical(record.body()).encode()


def _read(model: type[R], data: bytes, key: str) -> R:
    try:
        return parse(model, read_json(data, key))
    except MeshError as error:
        raise MeshError(f"{key} is damaged, or of another version ({error}): start the job again") from error


def _report(data: bytes, key: str, role: Role, packet: str) -> Report:
    """The report in ``data``: whole by its checksum, and the one that belongs under ``key``."""
    report = parse(Report, unseal("report", data, key))
    if (report.role, report.packet) != (role, packet):
        raise ChecksumError(
            f"{key} holds the report of {report.role} packet {report.packet}: "
            "delete it and start the job again"
        )
    return report
