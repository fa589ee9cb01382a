"""Parts of a long file made by the workers of Dask, on this machine or on many.

Each worker opens the division once, and makes whole parts; what it sends back are counts. A worker that is killed costs
the parts it had in hand, which another one makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from dask import config
from distributed import Client, KilledWorker, LocalCluster, as_completed

from geo.bulk import Assigned
from geo.errors import Refused, Unavailable
from geo.parts import Do, Job, Part, Run, told_of

WAIT_S = 30
"""Seconds a scheduler may take to answer, and to have a first worker."""
_LOCAL = re.compile(r"local:([1-9]\d{0,2})")
_REMOTE = re.compile(r"(tcp|tls)://.+:\d+")


def spread(address: str) -> Do:
    """Makes parts on workers.

    Parameters
    ----------
    address
        ``local:N``: that many processes of this machine, for this run; else a scheduler, as ``tcp://host:8786``, whose
        workers see the same files under the same names.

    Raises
    ------
    Refused
        When the address is neither; while parts are made, when one cannot be, or ended four workers.
    Unavailable
        While parts are made: when no scheduler answers or it has no worker.
    """
    if not (_LOCAL.fullmatch(address) or _REMOTE.fullmatch(address)):
        raise Refused(
            f"--dask {address}: must be local:N, as local:4, or a scheduler's address, as tcp://10.0.0.5:8786"
        )

    def do(run: Run, job: Job) -> Iterator[Assigned]:
        with ExitStack() as stack:
            client = _client(address, stack)
            folder = run.folder.resolve()
            futures = [
                client.submit(_make, part, folder, job, key=f"{folder}/{part.name}", pure=False)
                for part in map(_resolved, run.missing)
            ]
            yield from _made(client, futures)

    return do


def _make(part: Part, folder: Path, job: Job) -> Assigned:
    """One part, on a worker; it may be there already, when the worker that made it was ended before it told."""
    if (told := told_of(folder / part.name)) is not None:
        return told
    with job.division() as division:
        return part.assign(folder, job.points, division)


def _resolved(part: Part) -> Part:
    return replace(part, source=part.source.resolve())


def _made(client: Any, futures: list[Any]) -> Iterator[Assigned]:
    waiting = as_completed(futures, loop=client.loop, with_results=True)  # type: ignore[no-untyped-call]
    del futures
    try:
        for future, told in waiting:
            future.release()
            yield told
    except KilledWorker as error:
        raise Refused(f"part {Path(str(error.task)).name} ended the workers that made it: {error}") from error


def _client(address: str, stack: ExitStack) -> Any:
    local = _LOCAL.fullmatch(address)
    stack.enter_context(config.set({"distributed.comm.timeouts.connect": f"{WAIT_S}s"}))
    if local:
        cluster = LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=int(local[1]), threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=40
        )
        address = stack.enter_context(cluster).scheduler_address
    try:
        made = Client(address, timeout=WAIT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        client = stack.enter_context(made)
        client.wait_for_workers(1, timeout=WAIT_S)
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"no worker of Dask answers at {address} within {WAIT_S} s: {error}") from error
    return client
