"""Signals of processes that tests start."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heeded_by_children() -> Iterator[None]:
    """Within it, processes are started that are ended by signals, as those of a user's shell are.

    A process inherits what its parent ignores: SIGINT where the tests run in a script's background, SIGHUP
    under nohup. One that heeds nothing would be waited for in vain.
    """
    ignored = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
