"""Residential estates: owners' committees, property companies, mediation, and the floor area kept for service."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo.arrays import Bools, Floats
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, stored
from geo.entities import ENTITIES
from geo.fetching import figure, flag, word
from geo.settings import settings

_ESTATES = ENTITIES["estates"]
_TO_COME = ("planned", "building")


def estates(asked: Asked) -> Tally:
    """Estates with what is known of them; those not yet built have no committee to have, and count for floor only.

    What a row leaves open is unknown: it stands in the ``_unknown`` column and in no other.
    """
    table = _ESTATES.table.c
    columns = {
        "status": word(table.build_status, _TO_COME),
        "committee": word(table.owners_committee, ("none", "exists", "member_majority")),
        "property": word(table.property_party, ("none", "covered", "branch")),
        "mediated": flag(table.has_mediation, missing=False),
        "mediation_told": flag(table.has_mediation.is_not(sa.null()), missing=False),
        "households": figure(table.households),
        "reserved_m2": figure(table.reserved_m2),
    }
    told = asked.rows(_ESTATES, columns)
    standing = told["status"] == ""
    found = _parted("committee", standing, told["committee"] != "", told["committee"] != "none")
    found["majority"] = _number(standing & (told["committee"] == "member_majority"))
    found |= _parted("property", standing, told["property"] != "", told["property"] != "none")
    found["property_branch"] = _number(standing & (told["property"] == "branch"))
    found |= _parted("mediation", standing, told["mediation_told"], told["mediated"])
    found |= _floor(told["households"], told["reserved_m2"])
    found["standing"] = _number(standing)
    found["estates"] = np.ones(len(standing))
    until, sources = stored(asked.connection, _ESTATES)
    return Tally(told["node"], found, "", until, sources)


def _parted(name: str, among: Bools, is_known: Bools, holds: Bools) -> dict[str, Floats]:
    return {
        name: _number(among & is_known & holds),
        f"{name}_known": _number(among & is_known),
        f"{name}_unknown": _number(among & ~is_known),
    }


def _floor(households: Floats, reserved_m2: Floats) -> dict[str, Floats]:
    """Square metres kept for service against those required for so many households."""
    known = ~np.isnan(households) & ~np.isnan(reserved_m2) & (households > 0)
    required = np.nan_to_num(households) / 100 * settings().reserved_m2_per_100_households
    return {
        "reserved_known": _number(known),
        "reserved_unknown": _number(~known),
        "reserved_met": _number(known & (np.nan_to_num(reserved_m2) >= required)),
        "reserved_m2": np.where(known, np.nan_to_num(reserved_m2), 0.0),
        "reserved_households": np.where(known, np.nan_to_num(households), 0.0),
    }


def _number(holds: Bools) -> Floats:
    return np.asarray(holds, dtype=np.float64)
