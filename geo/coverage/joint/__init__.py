"""Joint branches (联合党支部): groups of units too small for a branch of their own, as proposals."""

from geo.coverage.joint.candidates import BASES, JointRules
from geo.coverage.joint.proposals import JointGroups, propose, update

__all__ = ["BASES", "JointGroups", "JointRules", "propose", "update"]
