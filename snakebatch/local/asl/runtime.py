"""The one loop thread in which all executions are interpreted, and the worker threads that call services.

Everything the executor remembers is read and changed in the loop thread only, so it needs no locks. With a
`SimulatedClock` the loop counts as running until it has nothing left to do, each worker until its call
returns or sleeps on the clock, and each message between threads from when it is sent until it is handled:
there is no gap in which time could slip on.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import selectors
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from snakebatch.clock import Clock, SimulatedClock
from snakebatch.errors import CloudError

T = TypeVar("T")


class Handle(Protocol):
    """Something set for later that can be called off."""

    def cancel(self) -> None: ...


class _Uncounted:
    """Stands in for the counting of a simulated clock where time is real."""

    def enter(self) -> None:
        """Nothing to count."""

    def leave(self) -> None:
        """Nothing to count."""

    def adopt(self, counted: int) -> None:
        """Nothing to count."""


Gate = SimulatedClock | _Uncounted


class _IdleSelector(selectors.DefaultSelector):
    """Tells the gate when the event loop has nothing left to do but wait."""

    gate: Gate

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self.gate.leave()
        try:
            return super().select(timeout)
        finally:
            self.gate.enter()


class WorkerPool:
    """Threads for blocking calls: one more whenever none is idle, up to a maximum; the rest queue up."""

    def __init__(self, gate: Gate, max_threads: int) -> None:
        self._gate = gate
        self._max = max_threads
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[Callable[[], None] | None]] = []
        self._inboxes: list[queue.SimpleQueue[Callable[[], None] | None]] = []
        self._backlog: deque[Callable[[], None]] = deque()

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` in a worker; it must not raise."""
        with self._lock:
            if not self._idle and len(self._inboxes) >= self._max:
                # Not counted as running: if all workers sleep on a simulated clock, time has to pass for
                # this one.
                self._backlog.append(job)
                return
            self._gate.enter()
            if self._idle:
                self._idle.pop().put(job)
                return
            inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
            self._inboxes.append(inbox)
        inbox.put(job)
        threading.Thread(target=self._work, args=(inbox,), name="asl-worker", daemon=True).start()

    def close(self) -> None:
        """Let every worker end after what it does now."""
        with self._lock:
            self._backlog.clear()
            for inbox in self._inboxes:
                inbox.put(None)

    def _work(self, inbox: queue.SimpleQueue[Callable[[], None] | None]) -> None:
        while (job := inbox.get()) is not None:
            self._gate.adopt(1)
            while job is not None:
                job()
                with self._lock:
                    job = self._backlog.popleft() if self._backlog else None
                    if job is None:
                        self._idle.append(inbox)
            self._gate.adopt(0)
            self._gate.leave()


class Runtime:
    """Loop thread, workers and timers over one clock.

    Parameters
    ----------
    clock
        Simulated or any other; one that is not simulated is taken to run in real time.
    max_threads
        How many service calls may be under way at once; further ones queue up.
    """

    def __init__(self, clock: Clock, max_threads: int = 1000) -> None:
        self.clock = clock
        self._gate: Gate = clock if isinstance(clock, SimulatedClock) else _Uncounted()
        selector = _IdleSelector()
        selector.gate = self._gate
        self.loop = asyncio.SelectorEventLoop(selector)
        self._pool = WorkerPool(self._gate, max_threads)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._callers: set[concurrent.futures.Future[Any]] = set()
        self._closed = False
        self._gate.enter()
        self._thread = threading.Thread(target=self._run, name="asl-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self._cancel_all())
            self.loop.close()
            self._gate.leave()

    async def _cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def now(self) -> float:
        """The clock's time, in seconds since the epoch."""
        return self.clock.time()

    def post(self, action: Callable[[], None]) -> None:
        """Have `action` done in the loop thread, from any thread; dropped once the loop has ended."""
        self._gate.enter()

        def act() -> None:
            try:
                action()
            finally:
                self._gate.leave()

        try:
            self.loop.call_soon_threadsafe(act)
        except RuntimeError:  # the loop is closed: nobody is left to hear of it
            self._gate.leave()

    def call(self, action: Callable[[], T]) -> T:
        """Do `action` in the loop thread and hand its result, or what it raised, to the calling thread."""
        if threading.current_thread() is self._thread:
            return action()
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()
        # Known before the look at `_closed`: then either we see that it is closed, or `close` sees us.
        self._callers.add(answer)
        if self._closed:
            self._callers.discard(answer)
            raise _closed()

        def act() -> None:
            try:
                answer.set_result(action())
            except BaseException as problem:
                answer.set_exception(problem)

        self.post(act)
        try:
            return answer.result()
        finally:
            self._callers.discard(answer)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a coroutine; loop thread only."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def after(self, seconds: float, action: Callable[[], None]) -> Handle:
        """Do `action` in the loop thread when that much time has passed; loop thread only."""
        if isinstance(self.clock, SimulatedClock):
            return self.clock.call_at(self.clock.time() + max(seconds, 0.0), lambda: self.post(action))
        return self.loop.call_later(max(seconds, 0.0), action)

    async def sleep(self, seconds: float) -> None:
        """Wait by the clock."""
        if seconds <= 0:
            return
        done = self.loop.create_future()
        handle = self.after(seconds, lambda: None if done.done() else done.set_result(None))
        try:
            await done
        finally:
            handle.cancel()

    def in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Start a blocking call in a worker; its result is forgotten if nobody waits for it any more."""
        done: asyncio.Future[T] = self.loop.create_future()

        def deliver(result: T | None, problem: BaseException | None) -> None:
            if done.done():
                return
            if problem is not None:
                done.set_exception(problem)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # None only where T is None

        def job() -> None:
            try:
                result = work()
            except BaseException as problem:
                failure = problem
                self.post(lambda: deliver(None, failure))
            else:
                self.post(lambda: deliver(result, None))

        self._pool.submit(job)
        return done

    def close(self) -> None:
        """Stop everything that runs and end the threads; a service call under way is left to itself."""
        if self._closed:
            return
        self._closed = True
        self.post(self.loop.stop)
        self._thread.join()
        self._pool.close()
        for answer in list(self._callers):
            if not answer.done():
                answer.set_exception(_closed())


def _closed() -> CloudError:
    return CloudError("this executor is closed; open a new StepFunctions")
