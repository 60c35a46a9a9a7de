"""Layers trained by a few processes of our own.

Not ``multiprocessing``: where it spawns, it imports the caller's script again in every child, which without a
``__main__`` guard trains again, and so on. These children import nothing but this package. Each gets the
population, the settings and the numbers of its layers on its standard input, and answers once on its output.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from snakebatch.engine.bucket import Bucket
from snakebatch.engine.population import Population
from snakebatch.engine.settings import Settings
from snakebatch.errors import EngineError, InputError, SnakeBatchError

_BOOT = "import sys; sys.path[:] = {path!r}; from snakebatch.engine.worker_processes import serve; serve()"


def train_in_processes(population: Population, settings: Settings, workers: int) -> list[list[Bucket]]:
    """All layers, shared out over ``workers`` processes, none of which is left when this returns or raises.

    Raises what a layer's training raises, and EngineError where a process ends without an answer.
    """
    if not sys.executable:
        raise InputError("workers: there is no Python interpreter to start here; use workers=1")
    layers = range(settings.n_layers)
    shares = [list(layers[first::workers]) for first in range(min(workers, settings.n_layers))]
    bare = pickle.dumps((replace(population, cache={}), settings), pickle.HIGHEST_PROTOCOL)
    command = [sys.executable, "-c", _BOOT.format(path=[os.path.abspath(entry) for entry in sys.path])]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in shares:
            # A session of its own: Ctrl-C reaches us alone, and we end them.
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            processes.append(child)
        with ThreadPoolExecutor(len(processes)) as threads:
            try:
                asked = [threads.submit(_ask, *pair, bare) for pair in zip(processes, shares, strict=True)]
                answers = [answer.result() for answer in asked]
            except BaseException:
                _kill(processes)  # before the threads that wait for them are waited for
                raise
    finally:
        _kill(processes)
    trained = {layer: buckets for answer in answers for layer, buckets in answer.items()}
    return [trained[layer] for layer in layers]


def _ask(process: subprocess.Popen[bytes], layers: Sequence[int], bare: bytes) -> dict[int, list[Bucket]]:
    answer, _ = process.communicate(bare + pickle.dumps(layers))
    if process.returncode != 0:
        shown = ", ".join(map(str, layers))
        raise EngineError(
            f"the process that trained layers {shown} ended with code {process.returncode} "
            "and no answer; use fewer workers if memory is short (workers=1 trains in this process)"
        )
    found: dict[int, list[Bucket]] | SnakeBatchError = pickle.loads(answer)
    if isinstance(found, SnakeBatchError):
        raise found
    return found


def _kill(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def serve() -> None:
    """In a child: train the layers that standard input names, and answer on standard output."""
    from snakebatch.engine.trainer import train_some  # which imports this module

    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get into the answer
    population, settings = pickle.load(sys.stdin.buffer)
    layers = pickle.load(sys.stdin.buffer)
    try:
        found: object = dict(zip(layers, train_some(population, settings, layers), strict=True))
    except SnakeBatchError as error:
        found = error
    except Exception:
        found = EngineError(f"a worker process failed; its own error was\n{traceback.format_exc()}")
    with answer:
        pickle.dump(found, answer, pickle.HIGHEST_PROTOCOL)
