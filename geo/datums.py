"""GCJ-02 and BD-09, the shifted datums of mainland maps, there and exactly back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from geo.arrays import Bools, Floats

_AXIS_M = 6_378_245.0  # Krassowsky 1940, the ellipsoid of the published formula
_SQUASH = 0.006_693_421_622_965_943
_BAIDU = np.pi * 3000 / 180
_ROUNDS = 30
_NEAR = 1e-11  # degrees, about a micrometre


def gcj02_from_wgs84(lonlat: Floats) -> Floats:
    """Points in GCJ-02 (what AMap and Tencent show), degrees.

    Parameters
    ----------
    lonlat
        (n, 2) finite degrees WGS 84, longitude first. Points outside the formula's box around China stay.

    References
    ----------
    The formula published as "eviltransform"; it reproduces AMap's own service to 7e-6 degrees (0.8 m).
    """
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    x, y = lon - 105.0, lat - 35.0
    ripple = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    angle = np.radians(lat)
    magic = 1 - _SQUASH * np.sin(angle) ** 2
    d_lat = np.degrees(north / (_AXIS_M * (1 - _SQUASH) / magic**1.5))
    d_lon = np.degrees(east / (_AXIS_M / np.sqrt(magic) * np.cos(angle)))
    shift = np.stack([d_lon, d_lat], axis=1)
    shift[~_shifted(lonlat)] = 0
    moved: Floats = lonlat + shift
    return moved


def wgs84_from_gcj02(xy: Floats) -> Floats:
    """Points in WGS 84 whose GCJ-02 position is ``xy``, to a micrometre; (n, 2) finite degrees."""
    return _inverse(gcj02_from_wgs84, xy)


def bd09_from_wgs84(lonlat: Floats) -> Floats:
    """Points in BD-09 (what Baidu shows), degrees; (n, 2) finite degrees WGS 84.

    References
    ----------
    Baidu's own shift on top of GCJ-02, as published in "coordtransform".
    """
    return _bd09_from_gcj02(gcj02_from_wgs84(lonlat))


def wgs84_from_bd09(xy: Floats) -> Floats:
    """Points in WGS 84 whose BD-09 position is ``xy``, to a micrometre; (n, 2) finite degrees."""
    return wgs84_from_gcj02(_inverse(_bd09_from_gcj02, xy))


def _bd09_from_gcj02(xy: Floats) -> Floats:
    x, y = xy[:, 0], xy[:, 1]
    reach = np.hypot(x, y) + 2e-5 * np.sin(y * _BAIDU)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BAIDU)
    return np.stack([reach * np.cos(angle) + 0.0065, reach * np.sin(angle) + 0.006], axis=1)


def _shifted(lonlat: Floats) -> Bools:
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    inside: Bools = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return inside


def _inverse(forward: Callable[[Floats], Floats], target: Floats) -> Floats:
    """Where ``forward`` reaches ``target``: the shift bends by under 2 % of a step, so repeating it converges."""
    guess = target.copy()
    for _ in range(_ROUNDS):
        miss = target - forward(guess)
        guess += miss
        if not miss.size or np.abs(miss).max() < _NEAR:
            break
    return guess
