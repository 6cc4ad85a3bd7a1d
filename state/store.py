"""One state database with all its stores."""

from __future__ import annotations

from state.alerts import AlertStore
from state.conflicts import ConflictStore
from state.db import Database, open_engine
from state.decisions import DecisionStore
from state.entities import EntityStore
from state.erasure import ErasureStore
from state.heartbeats import HeartbeatStore
from state.holds import HoldStore
from state.identity import IdentityStore
from state.ledger import LedgerStore
from state.letters import LetterStore
from state.links import LinkStore
from state.lookup import LookupStore
from state.migrate import ensure
from state.overwritten import OverwrittenStore
from state.parking import ParkingStore
from state.pauses import PauseStore
from state.pins import PinStore
from state.plans import PlanStore
from state.questions import QuestionStore
from state.reports import ReportStore
from state.retention import RetentionStore
from state.runs import RunStore
from state.targets import TargetStore
from state.watch import WatchStore


class SqlState:
    """Implements `synchub.stores.State` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LedgerStore(database)
        self.identity = IdentityStore(database)
        self.entities = EntityStore(database)
        self.targets = TargetStore(database)
        self.links = LinkStore(database)
        self.questions = QuestionStore(database)
        self.parking = ParkingStore(database)
        self.plans = PlanStore(database)
        self.pins = PinStore(database)
        self.decisions = DecisionStore(database)
        self.overwritten = OverwrittenStore(database)
        self.conflicts = ConflictStore(database)
        self.erasure = ErasureStore(database)
        self.retention = RetentionStore(database)
        self.runs = RunStore(database)
        self.heartbeats = HeartbeatStore(database)
        self.holds = HoldStore(database)
        self.letters = LetterStore(database)
        self.pauses = PauseStore(database)
        self.alerts = AlertStore(database)
        self.watch = WatchStore(database)
        self.reports = ReportStore(database)
        self.lookup = LookupStore(database)

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()


def open_state(url: str) -> SqlState:
    """Open a state database; an empty one gets its tables.

    Raises:
        ConfigError: The URL cannot be used.
        StateError: The database does not answer or is of another version.
    """
    engine = open_engine(url)
    try:
        ensure(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqlState(Database(engine))
