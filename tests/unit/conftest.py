"""What several unit tests look at: the registers of the made city, written once a run."""

from tests.registers import buildings, folder, places, references, registers

__all__ = ["buildings", "folder", "places", "references", "registers"]
