"""A worker that starts beside the file of its index: seconds of the processor until it is ready, as a program.

Counted from the start of the interpreter: the application imported, the edition's index open, a thousand points
located, for which machine code is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np


def seconds(url: str) -> dict[str, float]:
    """Seconds of the processor at each step of a fresh process, and seconds on the clock until it was ready."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tests.ready_worker", url], check=True, capture_output=True, text=True, env=os.environ
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told | {"whole process, on the clock": time.perf_counter() - begun}


def main(url: str) -> None:
    """Start, be ready, locate, tell."""
    from api.commands.serving import application
    from geo import db
    from geo.assignments import assign

    app = application(db.connect(url))
    imported = time.process_time()
    city = app.state.timeline.open_current()
    assert app.state.timeline.is_warm()
    ready = time.process_time()
    west, south, east, north = city.index.bounds
    points = np.random.default_rng(1).uniform((west, south), (east, north), (1000, 2))
    assert (assign(city, points).position >= 0).mean() > 0.9
    located = time.process_time()
    print(json.dumps({"imported": imported, "ready": ready, "1,000 points located": located}))


if __name__ == "__main__":
    main(sys.argv[1])
