"""Redrawing a partition: pure changes, each accepted and the partition stands, or refused with the place.

``leaves`` is what is redrawn, ``drawing`` makes lines and polygons fit that a hand drew, ``arranging`` works a change
out on one noded arrangement, ``slivers`` and ``nodes`` keep it clean, ``moves`` are the ways ground
moves, by name.
"""
