"""What the embedded cloud needs around its start and its end."""

from __future__ import annotations

import errno
import importlib.util
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snakebatch.errors import InputError, MissingExtraError

_NEEDED = ("boto3", "moto", "flask", "jsonata", "aws_lambda_powertools")


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises InputError with what to name instead."""
    try:
        return socket.create_server((host, port))
    except (TypeError, UnicodeError) as error:
        # What idna and ASCII can't spell, such as a byte that is no text where the name was typed.
        raise InputError(f"{host!r} is no host's name: name an address, such as 127.0.0.1") from error
    except OSError as error:
        # create_server raises what bind raised anew, as an OSError of the same number.
        unknown = isinstance(error.__context__, socket.gaierror)
        ours = not unknown and error.errno != errno.EADDRNOTAVAIL
        advice = "name another port" if ours else "name an address of this machine, such as 127.0.0.1"
        raise InputError(
            f"{host}:{port} can't be listened on ({error.strerror or error}): {advice}"
        ) from error


def check_extras() -> None:
    """Raise MissingExtraError where a package of the extra is not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        message = f"the embedded cloud needs {', '.join(missing)}; run: pip install 'snakebatch[local]'"
        raise MissingExtraError(message, name=missing[0])


def own_modules() -> Iterator[str]:
    """Our modules that handlers import, for the forkserver to load before it forks."""
    package = Path(__file__).resolve().parent.parent
    for folder in ("engine", "mesh", "planner"):
        for file in sorted((package / folder).glob("*.py")):
            if file.stem != "__init__":
                yield f"snakebatch.{folder}.{file.stem}"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C: whoever presses it twice must not be left with processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
