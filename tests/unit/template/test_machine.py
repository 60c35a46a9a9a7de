"""The gatherer's machine: its scripts run here, the commands of Amazon Linux played by stand-ins."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.handlers import ROOT
from tests.support.template import PREFIX, arn, resolved, resources, template

MACHINE = ROOT / "gatherer/machine"
SHELLCHECK = ROOT / "build/venv-checks/bin/shellcheck"
DATA = resources()["GathererTemplate"]["Properties"]["LaunchTemplateData"]
USER_DATA: str = resolved(DATA["UserData"]["Fn::Base64"])
ENVIRONMENT = re.search(r"<<'END'\n(.*?)\nEND\n", USER_DATA, re.DOTALL)


def run(
    script: Path | str, *, cwd: Path, stand_ins: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing before the stand-ins on its PATH."""
    return subprocess.run(
        ["bash", script],
        cwd=cwd,
        env={"PATH": f"{stand_ins}:{os.environ['PATH']}", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def stand_in(folder: Path, name: str, body: str = "") -> None:
    """A command that notes how it was called, and then does ``body``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/bash\necho "{name} $*" >>"{folder}/called"\n{body}\n')
    path.chmod(0o755)


def called(folder: Path) -> list[str]:
    log = folder / "called"
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    for name in ("dnf", "useradd", "systemctl", "curl", "python3.13", "logrotate"):
        stand_in(folder, name)
    stand_in(folder, "id", "exit 1")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine's file system, with the agent and the environment that the user data writes."""
    root = tmp_path / "root"
    (root / "etc/snakebatch").mkdir(parents=True)
    assert ENVIRONMENT
    (root / "etc/snakebatch/gatherer.env").write_text(ENVIRONMENT[1] + "\n")
    stand_in(root / "opt/aws/amazon-cloudwatch-agent/bin", "amazon-cloudwatch-agent-ctl")
    return root


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_user_data_is_a_script_and_small_enough() -> None:
    assert USER_DATA.startswith("#!/bin/bash\n")
    assert "${" not in USER_DATA
    assert len(USER_DATA.encode()) < 16_384
    subprocess.run(["bash", "-n"], input=USER_DATA, text=True, check=True)


@pytest.mark.skipif(not SHELLCHECK.exists(), reason="shellcheck is not here: make checks-env")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "user-data.sh").write_text(USER_DATA)
    scripts = [tmp_path / "user-data.sh", *MACHINE.glob("*.sh")]
    found = subprocess.run([SHELLCHECK, *scripts], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in MACHINE.glob("snakebatch-*"):
        # The Python of the machine is not on this one.
        text = unit.read_text().replace("/usr/bin/python3.13", "/bin/sh")
        (tmp_path / unit.name).write_text(text.replace("/opt/snakebatch/machine", str(MACHINE)))
    units = sorted(tmp_path.iterdir())
    assert len(units) == 3
    found = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def layer_zip(path: Path, *, files: dict[str, str]) -> str:
    """A layer's archive; returns its hash as Lambda tells it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def boot(tmp_path: Path, *, damaged: bool = False, refusals: int = 0) -> tuple[list[str], Path]:
    """Run the user data on a pretended machine; returns what was called, and the machine's root."""
    root, stand_ins = tmp_path / "root", tmp_path / "bin"
    for folder in ("root", "etc", "opt/aws/bin"):
        (root / folder).mkdir(parents=True)
    installs = {
        "python/gatherer/__init__.py": "",
        "machine/install.sh": f'echo installed >>"{stand_ins}/called"',
    }
    sums = {
        "dependencies": layer_zip(tmp_path / "dependencies.zip", files={"python/numpy.py": "real = 1"}),
        "gatherer": layer_zip(tmp_path / "gatherer.zip", files=installs),
    }
    if damaged:
        sums["dependencies"] = "AAAA"
    answers = "\n".join(
        f"*:layer:{PREFIX}-{name}:1*) printf '%s\\t%s\\n' https://layers/{name}.zip '{value}' ;;"
        for name, value in sums.items()
    )
    # Lambda refuses the first so many calls, as it does before the credentials are there.
    (tmp_path / "refusals").write_text("x" * refusals)
    refuse = f'left=$(cat "{tmp_path}/refusals"); printf %s "${{left#x}}" >"{tmp_path}/refusals"'
    stand_in(stand_ins, "sleep")
    stand_in(
        stand_ins, "aws", f'{refuse}; [ -n "$left" ] && exit 255\ncase "$*" in\n{answers}\n*) exit 9 ;;\nesac'
    )
    stand_in(stand_ins, "curl", f'cp "{tmp_path}/$(basename "${{@: -1}}")" "{root}/root/layer.zip"')
    stand_in(stand_ins, "dnf", "exit 1")
    stand_in(root / "opt/aws/bin", "cfn-signal", f'echo "cfn-signal $*" >>"{stand_ins}/called"')
    script = re.sub(r"(?<![\w./])/(root|etc|opt)/", f"{root}/\\1/", USER_DATA)
    (tmp_path / "user-data.sh").write_text(script)
    run(tmp_path / "user-data.sh", cwd=tmp_path, stand_ins=stand_ins)
    return called(stand_ins), root


def test_a_machine_unpacks_both_layers_installs_and_signals(tmp_path: Path) -> None:
    calls, root = boot(tmp_path)
    assert (root / "opt/snakebatch/python/numpy.py").read_text() == "real = 1"
    assert (root / "opt/snakebatch/python/gatherer/__init__.py").exists()
    assert not (root / "root/layer.zip").exists()
    assert variables((root / "etc/snakebatch/gatherer.env").read_text())["GATHERER_PORT"] == "8080"
    assert not any(call.startswith("sleep") for call in calls)
    signal = f"cfn-signal --exit-code 0 --stack {PREFIX} --resource GathererGroup --region eu-west-3"
    assert calls[-2:] == ["installed", signal]
    assert not any(call.startswith("dnf") for call in calls)


def test_a_damaged_layer_is_not_run_and_fails_the_deployment(tmp_path: Path) -> None:
    calls, root = boot(tmp_path, damaged=True)
    assert "installed" not in calls
    assert not (root / "opt/snakebatch").exists()
    assert calls[-1].startswith("cfn-signal --exit-code 1 ")


def test_a_machine_whose_credentials_come_late_waits_for_them(tmp_path: Path) -> None:
    calls, root = boot(tmp_path, refusals=2)
    assert [call for call in calls if call.startswith("sleep")] == ["sleep 5", "sleep 10"]
    assert calls[-1].startswith("cfn-signal --exit-code 0 ")
    assert (root / "opt/snakebatch/python/numpy.py").exists()


def test_the_user_data_names_both_layers_so_that_their_change_replaces_the_machine() -> None:
    named = {word.rstrip(";") for word in USER_DATA.split()}
    assert {arn("DependencyLayer"), arn("GathererLayer")} <= named
    group = resources()["GathererGroup"]["Properties"]
    assert group["LaunchTemplate"]["Version"] == {"Fn::GetAtt": ["GathererTemplate", "LatestVersionNumber"]}


def test_the_environment_is_what_the_gatherer_reads() -> None:
    assert ENVIRONMENT
    given = variables(ENVIRONMENT[1])
    assert {"JOBS_BUCKET", "REPORTS_QUEUE_URL", "REPORTS_DLQ_URL", "GATHERER_PORT"} <= given.keys()
    for name, parameter in (
        ("FUNCTION_MEMORY", "FunctionMemory"),
        ("SPAWN_PER_MINUTE", "SpawnRatePerMinute"),
    ):
        assert given[name] == str(template()["Parameters"][parameter]["Default"])
    assert given["JOBS_BUCKET"].startswith(f"{PREFIX}-jobs-")
    assert given["REPORTS_QUEUE_URL"].startswith("https://sqs.")


def test_an_image_with_everything_installs_no_package(stand_ins: Path, root: Path, tmp_path: Path) -> None:
    done = run(MACHINE / "install.sh", cwd=tmp_path, stand_ins=stand_ins, SNAKEBATCH_ROOT=str(root))
    assert done.returncode == 0, done.stderr
    calls = called(stand_ins)
    assert not any(call.startswith("dnf") for call in calls)
    assert calls[-1] == "systemctl enable --now snakebatch-probe.timer"
    assert "systemctl enable --now snakebatch-gatherer.service" in calls
    assert any(call.endswith("http://127.0.0.1:8080/v9/health") for call in calls)
    assert {path.name for path in (root / "etc/systemd/system").iterdir()} == {
        path.name for path in MACHINE.glob("snakebatch-*")
    }


def test_amazon_s_image_gets_what_it_lacks_from_its_own_repository(
    stand_ins: Path, root: Path, tmp_path: Path
) -> None:
    (stand_ins / "python3.13").unlink()
    agent = root / "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
    agent.rename(tmp_path / "agent")
    stand_in(stand_ins, "dnf", f'cp "{tmp_path}/agent" "{agent}"')
    # A PATH without this machine's own Python 3.13, if it has one.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sed", "install", "dirname", "cp", "mkdir"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [str(shutil.which("bash")), MACHINE / "install.sh"],
        env={"PATH": f"{stand_ins}:{tools}", "SNAKEBATCH_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "dnf install --assumeyes --quiet python3.13 amazon-cloudwatch-agent" in called(stand_ins)


def test_a_gatherer_that_never_answers_fails_the_installation(
    stand_ins: Path, root: Path, tmp_path: Path
) -> None:
    stand_in(stand_ins, "curl", "exit 7")
    done = run(MACHINE / "install.sh", cwd=tmp_path, stand_ins=stand_ins, SNAKEBATCH_ROOT=str(root))
    assert done.returncode != 0
    assert "systemctl enable --now snakebatch-probe.timer" not in called(stand_ins)


def test_the_agent_s_configuration_names_the_log_group_and_the_deployment(
    stand_ins: Path, root: Path, tmp_path: Path
) -> None:
    run(MACHINE / "install.sh", cwd=tmp_path, stand_ins=stand_ins, SNAKEBATCH_ROOT=str(root))
    text = (root / "etc/snakebatch/cloudwatch-agent.json").read_text()
    assert "@" not in text
    agent: dict[str, Any] = json.loads(text)
    files = agent["logs"]["logs_collected"]["files"]["collect_list"]
    assert {file["log_group_name"] for file in files} == {f"/snakebatch/{PREFIX}-gatherer"}
    for metric in agent["metrics"]["metrics_collected"].values():
        assert metric["append_dimensions"] == {"service": PREFIX}


@pytest.mark.parametrize(
    ("noes", "does"),
    [
        (1, None),
        (2, None),
        (3, "systemctl restart snakebatch-gatherer.service"),
        (4, None),
        (6, "aws autoscaling set-instance-health --instance-id i-1 --health-status Unhealthy"),
        (7, "aws autoscaling set-instance-health --instance-id i-1 --health-status Unhealthy"),
    ],
)
def test_the_probe_restarts_then_gives_the_machine_up(
    stand_ins: Path, tmp_path: Path, noes: int, does: str | None
) -> None:
    stand_in(stand_ins, "aws")
    stand_in(stand_ins, "curl", "exit 22")
    (tmp_path / "id").write_text("i-1\n")
    (tmp_path / "count").write_text(str(noes - 1))
    probe(tmp_path, stand_ins)
    acts = [call for call in called(stand_ins) if not call.startswith("curl")]
    assert acts == ([does] if does else [])
    assert (tmp_path / "count").read_text() == f"{noes}\n"


def test_the_probe_forgets_the_noes_once_the_gatherer_answers(stand_ins: Path, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("5")
    probe(tmp_path, stand_ins)
    assert not (tmp_path / "count").exists()
    assert [call.split()[0] for call in called(stand_ins)] == ["curl"]


def probe(tmp_path: Path, stand_ins: Path) -> None:
    done = run(
        MACHINE / "probe.sh",
        cwd=tmp_path,
        stand_ins=stand_ins,
        GATHERER_PORT="8080",
        PROBE_COUNT=str(tmp_path / "count"),
        PROBE_IDENTITY=str(tmp_path / "id"),
    )
    assert done.returncode == 0, done.stderr


def test_the_machine_is_closed() -> None:
    assert DATA["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert "KeyName" not in DATA
    (disk,) = DATA["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    for name, body in resources().items():
        if body["Type"] == "AWS::EC2::SecurityGroup":
            ports = {rule.get("FromPort") for rule in body["Properties"].get("SecurityGroupIngress", [])}
            assert 22 not in ports, name
            assert "0.0.0.0/0" not in json.dumps(body["Properties"].get("SecurityGroupIngress", [])), name


def test_there_is_always_one_and_a_new_one_comes_before_the_old_one_goes() -> None:
    group = resources()["GathererGroup"]
    assert (group["Properties"]["MinSize"], group["Properties"]["MaxSize"]) == ("1", "2")
    rolling = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert (rolling["MinInstancesInService"], rolling["WaitOnResourceSignals"]) == (1, True)
    assert group["CreationPolicy"]["ResourceSignal"]["Count"] == 1


def test_ec2_is_the_default_and_its_rules_say_what_it_needs() -> None:
    assert template()["Parameters"]["GathererMode"]["Default"] == "ec2"
    said = [
        assertion["AssertDescription"]
        for rule in template()["Rules"].values()
        for assertion in rule["Assertions"]
    ]
    assert any("VpcId" in text and "GathererMode=lambda" in text for text in said)
    assert any("SubnetIds" in text and "GathererMode=lambda" in text for text in said)
    assert any("c7i.large" in text for text in said)


def test_nothing_of_the_machine_is_there_in_another_mode() -> None:
    kinds = ("AWS::EC2::", "AWS::AutoScaling::", "AWS::ElasticLoadBalancingV2::", "AWS::IAM::InstanceProfile")
    conditions = {body.get("Condition") for body in resources().values() if body["Type"].startswith(kinds)}
    assert conditions == {"GathersOnEc2", "HasLoadBalancer"}
