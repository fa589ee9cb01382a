"""What happened where: incidents taken in one by one or by the file, kept with the grid in force when they happened."""

from geo.incidents.adding import NewIncident, StoredIncident, add
from geo.incidents.counting import counts
from geo.incidents.searching import Filters, Incident, Page, search

__all__ = ["Filters", "Incident", "NewIncident", "Page", "StoredIncident", "add", "counts", "search"]
