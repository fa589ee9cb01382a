"""Steps of a pipeline, each in a thread of its own, a few items ahead of who takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
AHEAD = 1
"""Items made before they are asked for: while one is taken, the next is ready and the one after it in the making."""
_END: Final = object()


def ahead(items: Generator[T, None, None], most: int = AHEAD) -> Generator[T, None, None]:
    """The same items in the same order, made by another thread, at most ``most`` before they are asked for.

    What is raised in making an item is raised where it would be taken. When this generator is closed, so is ``items``,
    after the item that is being made.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    waiting = deque(pool.submit(next, items, _END) for _ in range(most))
    try:
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(pool.submit(next, items, _END))
            yield item  # type: ignore[misc]  # it is no _END
            del item  # it is not held while the next one is waited for
    finally:
        pool.shutdown(cancel_futures=True)
        items.close()
