"""A Dask cluster that is there already; no folder is shared with it: bytes go out and come back."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, fail, shown
from jqkd.experiments.executors.base import EXECUTORS, Crew, Engine
from jqkd.experiments.parcels import Files, Parcel, keep, open_parcel, pack, with_imported
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, Progress, do_jobs

# Seconds to reach a scheduler in, and between two looks at who does what.
_REACH, _LOOK = 5, 2.0
# Bytes of one task from which Dask would warn.
_LARGE = "10GB"
# Two jobs in one process would share its devices.
_one_at_a_time = threading.Lock()


@EXECUTORS.register("dask")
@dataclass(frozen=True)
class Dask(Engine):
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
            await (await connect(self.address, timeout=_REACH, **how)).close()

        try:
            # A client has no such bound, and waits for ever for what is no scheduler.
            asyncio.run(asyncio.wait_for(reach(), _REACH + 1))
        except Exception as error:
            raise InputError(
                f"There is no Dask scheduler at {self.address}, or it cannot be reached in "
                f"{_REACH} seconds; start one with `dask scheduler`, or look at the address."
            ) from error

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        import dask
        from distributed import Client

        with (
            dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}),
            Client(self.address, timeout=_REACH) as client,
            ExitStack() as claims,
        ):
            yield _Futures(client, order, claims)


def do_parcel(parcel: Parcel) -> tuple[Outcome | None, Files]:
    """Do a parcel's jobs in this process of the cluster."""
    from distributed import get_worker

    with _one_at_a_time:
        return open_parcel(parcel, get_worker().state.nthreads)


class _Futures(Crew):
    """Tasks at the scheduler; this process holds their jobs in the store, and writes what comes."""

    def __init__(self, client: Any, order: Order, claims: ExitStack) -> None:
        super().__init__()
        self._client, self._order, self._store = client, order, Store.open(Path(order.root))
        self._claims = claims
        self._at: dict[Any, str] = {}
        self._futures: dict[Any, tuple[Task, Parcel, ExitStack]] = {}

    @property
    def is_free(self) -> bool:
        return len(self._futures) < max(4, len(self._client.scheduler_info()["workers"]))

    @property
    def is_busy(self) -> bool:
        return bool(self.ended or self._futures)

    def start(self, task: Task) -> None:
        if self._order.teachers != "train" and task.jobs[0].kind != "students":
            # They are taken from a folder of this machine.
            self.ended.append((task, do_jobs(self._order, task.names)))
            return
        claims = self._claims.enter_context(ExitStack())
        holders = {name: claims.enter_context(self._store.claim(name)) for name in task.names}
        held = {name: holder for name, holder in holders.items() if holder is not None}
        parcel = pack(task, self._order)
        if held or not parcel.names:
            claims.close()
            self.ended.append((task, Outcome(held=held)))
        else:
            self._submit(task, parcel, claims)

    def _submit(self, task: Task, parcel: Parcel, claims: ExitStack) -> None:
        key = f"{task.names[0]}-{uuid.uuid4()}"
        future = self._client.submit(do_parcel, parcel, key=key)
        self._futures[future] = (task, parcel, claims)

    def wait(self) -> None:
        from distributed import wait

        try:
            ended = wait(list(self._futures), _LOOK, "FIRST_COMPLETED").done
        except TimeoutError:
            self._note_workers()
            return
        for future in ended:
            task, parcel, claims = self._futures.pop(future)
            outcome = self._outcome(future, parcel)
            if outcome is None:  # Now with what was imported.
                self._submit(task, with_imported(parcel), claims)
            else:
                claims.close()
                self.ended.append((task, outcome))

    def _outcome(self, future: Any, parcel: Parcel) -> Outcome | None:
        """How a parcel ended; its files are in the store then."""
        if future.status == "cancelled":
            raise InputError(
                "The Dask scheduler is gone; what is finished is kept, and the same command goes "
                "on from there."
            )
        if future.status == "error":
            # Dask has given it to others, as often as its `allowed-failures` says.
            reason = " ".join(f"{type(future.exception()).__name__}: {future.exception()}".split())
            for name in parcel.names:
                self._store.log({"job": name, "failed": reason})
            return Outcome(failed=dict.fromkeys(parcel.names, reason))
        outcome, files = future.result()
        keep(self._store, parcel.names, files)
        return outcome

    def _note_workers(self) -> None:
        """Who does what, for ``jqkd status``."""
        at = {key: worker for worker, keys in self._client.processing().items() for key in keys}
        for future, (_, parcel, _) in self._futures.items():
            if self._at.get(future) != (worker := at.get(future.key, "to come")):
                self._at[future] = worker
                for name in parcel.names:
                    self._store.note_holder(name, f"Dask worker {worker}")
