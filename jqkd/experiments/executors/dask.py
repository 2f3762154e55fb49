"""A Dask cluster that is there already; no folder is shared with it: bytes go out and come back."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Generator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, fail, shown
from jqkd.experiments.executors.base import EXECUTORS, Crew, Executor
from jqkd.experiments.parcels import Files, do_parcel, inputs_of, keep
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, Progress, do_jobs

# Seconds to reach a scheduler in, and between two looks at who does what.
_REACH, _LOOK = 5, 2.0
# Bytes from which Dask would warn.
_LARGE = "10GB"
# Two tasks in one process would share its devices.
_one_at_a_time = threading.Lock()


@EXECUTORS.register("dask")
@dataclass(frozen=True)
class Dask(Executor):
    """Workers of a Dask cluster: ``dask://HOST:PORT`` is the address of its scheduler.

    Args:
        address: host and port, or what else Dask takes: ``tls://node:8786``.
    """

    address: str = "localhost:8786"

    def __post_init__(self) -> None:
        host, _, port = self.address.rpartition("://")[2].rpartition(":")
        if not host.strip("[]/ ") or not port.isdecimal() or not 0 < int(port) < 2**16:
            advice = "it is printed where the scheduler is started"
            fail("address", "be HOST:PORT of a Dask scheduler", shown(self.address), advice)

    def check(self) -> None:
        try:
            from distributed.core import connect
            from distributed.security import Security
        except ImportError:
            raise InputError(
                'Dask needs distributed, which is not installed; run `pip install "jqkd[dask]"`.'
            ) from None

        async def reach() -> None:
            how = Security().get_connection_args("client")
            comm = await asyncio.wait_for(connect(self.address, timeout=_REACH, **how), _REACH + 1)
            await comm.close()

        try:
            # A client has no such bound, and waits for ever for what is no scheduler. In a thread,
            # as a notebook has a loop of its own.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(lambda: asyncio.run(reach())).result()
        except Exception as error:
            raise InputError(
                f"There is no Dask scheduler at {self.address}, or it cannot be reached in "
                f"{_REACH} seconds; start one with `dask scheduler`, or look at the address."
            ) from error

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        import dask
        from distributed import Client

        # What it logs of a lost connection is said in a sentence below.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        for task in tasks if order.teachers != "train" else ():
            if task.jobs[0].kind != "students":  # They lie in a folder of this machine.
                do_jobs(order, task.names)
        with (
            dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}),
            Client(self.address, timeout=_REACH) as client,
            ExitStack() as claims,
        ):
            try:
                yield _Futures(client, order, claims)
            except (CancelledError, OSError) as error:
                raise InputError(
                    "The Dask scheduler is gone; what is finished is kept, and the same command "
                    "goes on from there."
                ) from error


def _do(order: Order, names: Sequence[str], groups: Sequence[Files]) -> tuple[Outcome, Files]:
    """Do jobs in this process of the cluster."""
    from distributed import get_worker

    with _one_at_a_time:
        return do_parcel(order, names, get_worker().state.nthreads, groups)


class _Futures(Crew):
    """Tasks at the scheduler; this process holds their jobs in the store, and writes what comes."""

    def __init__(self, client: Any, order: Order, claims: ExitStack) -> None:
        self._client, self._order, self._store = client, order, Store.open(Path(order.root))
        self._claims = claims
        self._carried: dict[tuple[str, ...], Any] = {}
        self._futures: dict[Any, tuple[Task, ExitStack]] = {}

    @property
    def room(self) -> int:
        return max(4, sum(self._client.nthreads().values()))

    def start(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            claims = self._claims.enter_context(ExitStack())
            holders = [(name, claims.enter_context(self._store.claim(name))) for name in task.names]
            names = [n for n, who in holders if who is None and not self._store.done(n)]
            order, groups = inputs_of(task, self._order)
            files = [self._carry(group) for group in groups]
            key = f"{task.names[0]}-{uuid.uuid4()}"
            future = self._client.submit(_do, order, names, files, key=key)
            self._futures[future] = (task, claims)

    def _carry(self, group: dict[str, Path]) -> Any:
        """Files at the cluster, sent once."""
        about = tuple(group)
        if about not in self._carried:
            files = {place: path.read_bytes() for place, path in group.items()}
            key = f"{about[-1]}-{uuid.uuid4()}"
            self._carried[about] = self._client.submit(dict, files, key=key)
        return self._carried[about]

    def ended(self) -> list[tuple[Task, Outcome | str]]:
        from distributed import wait

        self._note_workers()
        try:
            ended = wait(list(self._futures), _LOOK, "FIRST_COMPLETED").done
        except TimeoutError:
            return []
        return [self._outcome(future) for future in ended]

    def _outcome(self, future: Any) -> tuple[Task, Outcome]:
        """How a task ended; its files are in the store then."""
        task, claims = self._futures.pop(future)
        if (error := future.exception()) is not None:
            # Dask has given it to others, as often as its `allowed-failures` says.
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            outcome = Outcome(failed=dict.fromkeys(task.names, reason))
        else:
            outcome, files = future.result()
            keep(self._store, task.names, files)
        claims.close()
        return task, outcome

    def _note_workers(self) -> None:
        """Who does what, for ``jqkd status``."""
        at = {key: worker for worker, keys in self._client.processing().items() for key in keys}
        for future, (task, _) in self._futures.items():
            where = f"Dask worker {at[future.key]}" if future.key in at else "the queue of Dask"
            for name in task.names:
                self._store.note_holder(name, where)
