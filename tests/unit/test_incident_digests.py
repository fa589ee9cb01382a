"""What tells a repeat from a change, of one report as of many."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.incidents.reports import Report, Reports, digests
from geo.instants import NEVER_US

TEXTS = st.text(max_size=6)
FIGURES = st.floats() | st.sampled_from([0.0, -0.0, float("nan"), 117.05])
INSTANTS = st.integers(-(2**60), 2**60) | st.just(NEVER_US)


@pytest.mark.slow
@given(
    report=st.builds(
        Report,
        source=TEXTS,
        reference=TEXTS,
        category=TEXTS,
        urgency=st.integers(0, 1),
        status=TEXTS,
        occurred_us=INSTANTS,
        reported_us=INSTANTS,
        raw=st.tuples(FIGURES, FIGURES),
        datum=TEXTS,
        accuracy_m=FIGURES,
        address=TEXTS,
        stated_area=TEXTS,
    )
)
def test_one_report_has_the_digest_it_has_among_many(report: Report) -> None:
    many = {name: pa.array([value]) for name, value in vars(report).items() if isinstance(value, str)}
    numbers = {name: np.array([getattr(report, name)]) for name in ("urgency", "occurred_us", "reported_us")}
    figures = {"raw": np.array([report.raw]), "accuracy_m": np.array([report.accuracy_m])}
    batch = Reports(row=np.array([1]), lonlat=np.array([report.raw]), **many, **numbers, **figures)
    assert digests(batch)[0].as_py() == report.digest()
