"""The pure floor: arrays in, arrays out; no database, clock or web."""
