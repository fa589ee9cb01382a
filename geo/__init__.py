"""The city as data: what is stored, how it is judged, located and published."""
