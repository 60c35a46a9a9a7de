"""Nothing outlives the pool: no timed-out handler, no child of one, no process of a parent that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from snakebatch.errors import CloudError
from snakebatch.local.lambdas import LambdaPool
from snakebatch.local.lambdas.forkserver import ForkServer
from snakebatch.local.processes import boot_command
from tests.service.conftest import Deploy, deployer, fail, gone, until

# Holds the writing end of a named pipe, and so does its child: the reader sees its end when both are gone.
HANG = """
import os, subprocess, threading
def handler(event, context):
    pipe = os.open(event["pipe"], os.O_WRONLY)
    child = subprocess.Popen(["sleep", "600"], pass_fds=[pipe])
    os.write(pipe, f"{os.getpid()} {os.getppid()}\\n".encode())
    threading.Event().wait()
"""


def test_a_timeout_kills_the_handler_and_what_it_started(
    pool: LambdaPool, deploy: Deploy, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # does not wait for who writes

    payload = fail(pool, deploy(HANG, timeout=1.0), {"pipe": str(tmp_path / "pipe")})

    assert payload["errorType"] == "Sandbox.Timedout"
    os.set_blocking(reading, True)
    with open(reading) as pipe:
        pids = pipe.read().split()  # returns when the last holder of the pipe is dead
    assert gone(int(pids[0]))


def test_close_ends_what_runs_and_turns_away_who_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pool = LambdaPool(processes=1, preload=())
    name = deployer(pool, tmp_path)(HANG)
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(fail, pool, name, {"pipe": str(tmp_path / "pipe")})
        with open(tmp_path / "pipe") as pipe:
            handler, forkserver = (int(pid) for pid in pipe.readline().split())
            waiting = threads.submit(fail, pool, name, {"pipe": ""})
            until(lambda: pool.waiting == 1)

            pool.close()

            assert pipe.read() == ""
        assert running.result()["errorType"] == "Runtime.ExitError"
        with pytest.raises(CloudError, match="closed"):
            waiting.result()
    assert gone(handler)
    assert gone(forkserver)
    pool.close()  # a second time is harmless
    with pytest.raises(CloudError, match="closed"):
        pool.invoke(FunctionName=name)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path, sign: signal.Signals) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = boot_command("tests.service.test_pool_lifecycle", "run_and_hang", str(tmp_path))
    with (
        subprocess.Popen(
            command, cwd=Path(__file__).parents[2], env={**os.environ, "TMPDIR": str(tmp_path)}
        ) as parent,
        open(tmp_path / "pipe") as pipe,
    ):
        handler, forkserver = (int(pid) for pid in pipe.readline().split())

        parent.send_signal(sign)

        assert pipe.read() == ""
    until(lambda: gone(handler) and gone(forkserver))
    until(lambda: not list(tmp_path.glob("snakebatch-lambda-*")))


def test_a_parent_that_forgets_to_close_leaves_nothing(tmp_path: Path) -> None:
    command = boot_command("tests.service.test_pool_lifecycle", "run_and_forget", str(tmp_path))
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=True,
        stdout=-1,
    )
    until(lambda: all(gone(int(pid)) for pid in done.stdout.split()))
    until(lambda: not list(tmp_path.glob("snakebatch-lambda-*")))


def test_ctrl_c_in_the_terminal_does_not_reach_handlers(pool: LambdaPool, deploy: Deploy) -> None:
    name = deploy(
        "import os\ndef handler(event, context):\n    return [os.getsid(0), os.getpgid(0), os.getpid()]"
    )
    session, group, pid = _call(pool, name)
    assert session != os.getsid(0)
    assert group == pid


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return 'ran'\n")
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from snakebatch.local.lambdas import Function, LambdaPool\n"
        "print('script')\n"
        "with LambdaPool(processes=1, preload=()) as pool:\n"
        "    pool.register(Function('f', Path(__file__).parent))\n"
        "    print(pool.invoke(FunctionName='f')['Payload'].read().decode())\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == 'script\n"ran"\n'
    assert done.stderr == ""


def run_and_hang(folder: str) -> None:
    """In a process of its own: a handler that never returns."""
    pool = LambdaPool(processes=1, preload=())
    name = deployer(pool, Path(folder))(HANG)
    fail(pool, name, {"pipe": f"{folder}/pipe"})


def run_and_forget(folder: str) -> None:
    """In a process of its own: a pool that is never closed."""
    pool = LambdaPool(processes=1, preload=())
    name = deployer(pool, Path(folder))(
        "import os\ndef handler(event, context):\n    return [os.getpid(), os.getppid()]"
    )
    print(*_call(pool, name))


def _call(pool: LambdaPool, name: str) -> list[int]:
    answer: list[int] = json.loads(pool.invoke(FunctionName=name)["Payload"].read())
    return answer


def test_processes_ordered_at_once_do_not_hold_each_other_s_ends(tmp_path: Path) -> None:
    """While the forkserver loads its libraries, orders wait for it and come all together."""
    server = ForkServer(preload=(), environment=os.environ, log=tmp_path / "log", scratch=None)
    try:
        processes = [server.spawn() for _ in range(3)]
        *others, last = [process.pid.result() for process in processes]
        os.kill(last, signal.SIGKILL)
        processes[-1].channel.settimeout(30)
        assert processes[-1].channel.recv(1) == b""
        assert all(Path(f"/proc/{pid}").exists() or sys.platform != "linux" for pid in others)
    finally:
        server.close()
    assert [process.exit_code.result() for process in processes] == [-9] * 3
