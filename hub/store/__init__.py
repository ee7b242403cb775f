"""The store: everything the hub must not forget, in one SQL database and a folder of landed files."""

from hub.store.alarms import Alarm, Grade
from hub.store.archive import Kept, Version
from hub.store.batches import BatchClaim, BatchState
from hub.store.circuits import Circuit
from hub.store.clock import utc_now
from hub.store.corrections import Correction
from hub.store.export_marks import Mark
from hub.store.faults import faultpoint
from hub.store.forecasts import Forecast, ForecastSeries
from hub.store.handoffs import Begun, Ended, HandedOff, Talk
from hub.store.histories import OwnWords, Said
from hub.store.incidents import Incident
from hub.store.intents import Draft, Intended
from hub.store.kept import KeptFiles
from hub.store.landing import DamagedFile, LandedFile, Landing
from hub.store.leads import Scored
from hub.store.ledger import Balance, BatchSum
from hub.store.models import KeptModel
from hub.store.outbox_rows import OutboxRow
from hub.store.people import StandingOf, Tie
from hub.store.posts import Edit, Saved, Standing
from hub.store.quarantine import Counted, Fate, Item, Rejected
from hub.store.reports import Made, Sent, handoff_of
from hub.store.repository import StaleClaim
from hub.store.rollups import Hour
from hub.store.runs import Run
from hub.store.store import Store, Transaction, View
from hub.store.tallies import Course, Queue, Reached, Told
from hub.store.watches import Reading, WatchState

__all__ = [
    "Alarm", "Balance", "BatchClaim", "BatchState", "BatchSum", "Begun", "Circuit", "Correction", "Counted",
    "Course", "DamagedFile", "Draft", "Edit", "Ended", "Fate", "Forecast", "ForecastSeries", "Grade", "HandedOff",
    "Hour", "Incident", "Intended", "Item", "Kept", "KeptFiles", "KeptModel", "LandedFile", "Landing", "Made",
    "Mark", "OutboxRow", "OwnWords", "Queue", "Reached", "Reading", "Rejected", "Run", "Said", "Saved",
    "Scored", "Sent", "StaleClaim", "Standing", "StandingOf", "Store", "Talk", "Tie", "Told", "Transaction",
    "Version", "View", "WatchState", "faultpoint", "handoff_of", "utc_now",
]  # fmt: skip
