"""Kernels: small functions over arrays, compiled by numba once for each processor and each state of their sources.

``python -m geo.space.cells`` compiles them all. The set-up does, and afterwards they are read from disk.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import extending

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def _sources() -> str:
    """What all kernels were written as: numba itself looks at the file of one kernel, not at those it calls."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def folder() -> Path:
    """Where compiled kernels lie: beside the packages, or in the user's cache where those cannot be written to."""
    beside = Path(sys.prefix)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (beside / "kernels" if os.access(beside, os.W_OK) else cache / "gridatlas/kernels") / _sources()


vars(numba.config)["CACHE_DIR"] = str(folder())  # NUMBA_CACHE_DIR would be read only while numba is imported


_LEAN: dict[str, Any] = {"forceinline": True, "_nrt": False}  # the second is numba's own name for counting none


def kernel(function: _Kernel) -> _Kernel:
    """The function compiled: it lets other threads run, and its machine code is kept on disk."""
    return cast(_Kernel, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def lean(function: _Kernel) -> _Kernel:
    """A kernel that makes no arrays, and becomes a part of each kernel that calls it.

    Tuples of arrays are then not handed over number by number, and who holds an array is not counted each time it is
    taken out of one: both cost more than most of what is done with them.
    """
    return cast(_Kernel, numba.njit(cache=True, nogil=True, error_model="numpy", **_LEAN)(function))


def shared(*functions: Callable[..., Any]) -> None:
    """Plain functions of modules that import no compiler may now be called by kernels too."""
    for function in functions:
        extending.register_jitable(function)
