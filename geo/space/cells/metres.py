"""Metres from degrees: the transverse Mercator projection of a city's metric CRS, in series.

Places are complex, ``north + east i`` in metres, since the projection is an analytic function of isometric latitude and
longitude. All here is arithmetic without a branch, so that it serves numbers in compiled code and arrays in numpy.

References
----------
C. F. F. Karney, Transverse Mercator with an accuracy of a few nanometers, J. Geodesy 85 (2011), equations 7 to 11 and
35: L. Krüger's series to the sixth order in the third flattening.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyproj

from geo.errors import Refused

_METHOD = "Transverse Mercator"
EXPRESSIBLE = 2.623395162778
"""Of the spherical easting, in radii: what PROJ refuses beyond, 150° along the equator."""
FAR = 2.5e-3
"""Radians of isometric latitude or longitude, up to which three terms of Taylor's series err by less than 0.1 mm."""


LONG = 150.0
"""Metres up to which an edge, straight in degrees, is straight in metres too, within a millimetre below 70°."""


class Projection(NamedTuple):
    """A transverse Mercator projection; ``radius`` in metres has the scale on the central meridian in it.

    ``least`` is the least number of metres, on the plane, in a radian of latitude: the least radius of curvature.
    """

    central: float
    radius: float
    least: float
    eccentricity: float
    a1: float
    a2: float
    a3: float
    a4: float
    a5: float
    a6: float


class Frame(NamedTuple):
    """What places near a point are measured with: Taylor's series of the place by isometric latitude and longitude.

    ``f1``, ``f2``, ``f3`` are its factors, ``p1``, ``p2``, ``p3`` those of isometric latitude by latitude; ``across``
    is the least number of metres in a degree of longitude, seen from the point, where that degree is small.
    """

    x: float
    y: float
    f1: complex
    f2: complex
    f3: complex
    p1: float
    p2: float
    p3: float
    across: float


@cache
def projection_of(epsg: int) -> Projection:
    """The projection of a metric CRS.

    Raises
    ------
    Refused
        When it is no transverse Mercator projection in metres.
    """
    crs = pyproj.CRS.from_epsg(epsg)
    operation, ellipsoid = crs.coordinate_operation, crs.ellipsoid
    if operation is None or ellipsoid is None or operation.method_name != _METHOD:
        raise Refused(f"EPSG:{epsg} ({crs.name}) is no transverse Mercator projection; metres are measured in such")
    told = {param.name: float(param.value) for param in operation.params}
    scale = told["Scale factor at natural origin"]
    f = 1 / ellipsoid.inverse_flattening
    n = f / (2 - f)
    e2 = f * (2 - f)
    return Projection(
        float(told["Longitude of natural origin"]),
        scale * ellipsoid.semi_major_metre / (1 + n) * (1 + n**2 / 4 + n**4 / 64 + n**6 / 256),
        scale * ellipsoid.semi_major_metre * (1 - e2),
        float(np.sqrt(e2)),
        *_series(n),
    )


def _series(n: float) -> tuple[float, float, float, float, float, float]:
    return (
        n / 2 - n**2 * 2 / 3 + n**3 * 5 / 16 + n**4 * 41 / 180 - n**5 * 127 / 288 + n**6 * 7891 / 37800,
        n**2 * 13 / 48 - n**3 * 3 / 5 + n**4 * 557 / 1440 + n**5 * 281 / 630 - n**6 * 1983433 / 1935360,
        n**3 * 61 / 240 - n**4 * 103 / 140 + n**5 * 15061 / 26880 + n**6 * 167603 / 181440,
        n**4 * 49561 / 161280 - n**5 * 179 / 168 + n**6 * 6601661 / 7257600,
        n**5 * 34729 / 80640 - n**6 * 3418889 / 1995840,
        n**6 * 212378941 / 319334400,
    )


def forward(projection: Projection, x: Any, y: Any) -> Any:
    """Place at a longitude and latitude, degrees; north of the equator and east of the central meridian."""
    longitude, latitude = np.radians(x - projection.central), np.radians(y)
    sine, cosine = np.sin(longitude), np.cos(longitude)
    tau = _conformal(projection, np.sin(latitude), np.cos(latitude))
    h = np.hypot(tau, cosine)
    zeta = np.arctan2(tau, cosine) + 1j * np.arcsinh(sine / h)
    root = np.sqrt(1 + tau * tau)
    s = (tau * root + 1j * cosine * sine) / (h * h)
    c = (cosine * root - 1j * tau * sine) / (h * h)
    c2 = 2 * (1 - 2 * s * s)
    # Clenshaw's sum of sines of even multiples
    b5 = projection.a5 + c2 * projection.a6
    b4 = projection.a4 + c2 * b5 - projection.a6
    b3 = projection.a3 + c2 * b4 - b5
    b2 = projection.a2 + c2 * b3 - b4
    b1 = projection.a1 + c2 * b2 - b3
    return projection.radius * (zeta + b1 * 2 * s * c)


def frame_at(projection: Projection, x: float, y: float) -> Frame:
    """The frame of a point, degrees: derivatives of Krüger's series after ``d zeta / d w = cos zeta``."""
    longitude, latitude = np.radians(x - projection.central), np.radians(y)
    sine, cosine = np.sin(longitude), np.cos(longitude)
    sin_y, cos_y = np.sin(latitude), np.cos(latitude)
    tau = _conformal(projection, sin_y, cos_y)
    root = np.sqrt(1 + tau * tau)
    h2 = 1 / (tau * tau + cosine * cosine)
    s = complex(tau * root * h2, cosine * sine * h2)
    c = complex(cosine * root * h2, -tau * sine * h2)
    c2, s2 = 1 - 2 * s * s, 2 * s * c
    c4, s4 = 2 * c2 * c2 - 1, 2 * s2 * c2
    c6 = 2 * c2 * c4 - c2
    g1 = 1 + 2 * projection.a1 * c2 + 4 * projection.a2 * c4 + 6 * projection.a3 * c6
    g2 = -4 * projection.a1 * s2 - 16 * projection.a2 * s4
    g3 = -8 * projection.a1 * c2 - 64 * projection.a2 * c4
    scaled = projection.radius * c
    e2 = projection.eccentricity * projection.eccentricity
    w = 1 - e2 * sin_y * sin_y
    p1 = (1 - e2) / (w * cos_y)
    q = 2 * e2 * sin_y * cos_y / w + sin_y / cos_y
    q1 = 2 * e2 * (cos_y * cos_y - sin_y * sin_y) / w + 1 / (cos_y * cos_y)
    return Frame(
        x,
        y,
        scaled * g1,
        scaled * (g2 * c - g1 * s) * 0.5,
        scaled * (g3 * c * c - 3 * g2 * c * s - g1 * (c * c - s * s)) * (1 / 6),
        p1,
        p1 * q * 0.5,
        p1 * (q * q + q1) * (1 / 6),
        np.radians(projection.least) * cos_y,
    )


def isometric(frame: Frame, x: float, y: float) -> complex:
    """Isometric latitude and longitude of a place, complex, less those of the frame's point."""
    east, north = np.radians(x - frame.x), np.radians(y - frame.y)
    return complex(north * (frame.p1 + north * (frame.p2 + north * frame.p3)), east)


def moved(frame: Frame, by: complex) -> complex:
    """Metres from the frame's point to a place that differs by so much of isometric latitude and longitude."""
    return by * (frame.f1 + by * (frame.f2 + by * frame.f3))


def _conformal(projection: Projection, sine: Any, cosine: Any) -> Any:
    """Tangent of the conformal latitude of a latitude."""
    sigma = np.sinh(projection.eccentricity * np.arctanh(projection.eccentricity * sine))
    return (sine * np.sqrt(1 + sigma * sigma) - sigma) / cosine


def narrowing(width: Any) -> Any:
    """Share of the metres of a ``Frame`` that degrees are good for, anywhere across so many degrees of longitude.

    Notes
    -----
    A transverse Mercator projection shortens nothing below its scale on the central meridian, and lengths on the
    ellipsoid are no shorter than on the sphere of its polar radius at reduced latitudes, where a place of latitude b is
    ``arcsin(cos b sin d)`` from the meridian d away; a sine is no less than its chord. A thousandth is for the series.
    """
    return 0.999 * np.sin(np.radians(width)) / np.radians(width)
