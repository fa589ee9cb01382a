"""Joint branches (联合党支部): groups of units too small for a branch of their own, as proposals."""

from geo.coverage.joint.candidates import BASES, JointRules
from geo.coverage.joint.proposals import JointGroups, propose, told
from geo.coverage.joint.settling import Settled, settle

__all__ = ["BASES", "JointGroups", "JointRules", "Settled", "propose", "settle", "told"]
