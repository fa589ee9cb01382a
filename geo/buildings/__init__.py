"""Footprints of buildings with use and counts, each in the grid that holds most of it, or that a planner chose."""
