"""Files of outlines: named by their sources, read, judged, matched to the edition in force, and published."""
