"""Who is covered and who is not: indicators of the division, and the blind spots of units, buildings and grids."""
