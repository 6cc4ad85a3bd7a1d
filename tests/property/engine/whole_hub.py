"""A whole hub under arbitrary interleavings: what sources, people, faults, crashes and clocks do, and the laws.

The judge knows only what was said and typed, and reads what the target holds; of the hub it reads the list of values
that it admits having written over.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import event

from mapping.target import load_target_map
from state.backup import backup, restore
from state.store import SqlState
from synchub.domain.guards import Guards, Limit
from synchub.domain.plan import Op, Outcome, Value, Write
from synchub.domain.records import End
from synchub.engine.contact import TargetJob
from synchub.engine.sync import deliver_step, plan_step
from synchub.engine.undo import plan_undo
from synchub.errors import ConnectorError, PlanError, Unavailable
from synchub.ports import Capabilities
from synchub.stores import PlanState
from synchub.stores.pauses import Pause
from tests.property.engine.presence import RULES, SNAPSHOTS, Presence
from tests.support.fakes import FakeClock
from tests.support.recorded import RecordedTarget
from tests.support.world import World

DEVICES = tuple(range(5))
POLICIES = {"default": "target", "os": "hub", "note": "target_for: 30d", "ram": "ask", "tag": "if_empty"}
TYPED = ("ram", "os", "note")  # fields that people type into
# By source: canonical fields that only it knows, so that what an object should hold is plain.
ONLY = {"mdm": {"os_name": "os"}, "scan": {"ram_mib": "ram"}}
_MAP = load_target_map([Path(__file__).with_name("whole_hub.yaml")])
_STANDS = 30 * 86400  # seconds that an edit of the note stands

Versions = Literal["step", "opaque", "none"]


class _World(World):
    """A world whose target may have guards."""

    guards: Guards | None = None

    def job(self) -> TargetJob:
        """Describe the delivery."""
        return replace(super().job(), guards=self.guards, asked_by="ann")


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Typed:
    """A value that somebody typed into the target."""

    object_id: str
    field: str
    value: Value
    at: int


class JudgedTarget(RecordedTarget):
    """Looks at every write as it comes: nothing is made twice, nothing of others is deleted.

    Args:
        clock: Its clock.
        versions: What its versions tell; with `none` it has no history either.

    Attributes:
        broken: Laws that a write broke, in words.
        theirs: Objects that people entered.
        typed: Values that people typed, and did not type over themselves.
        touched: (object id, field) of everything that people ever typed into.
        presence: What sources really listed.
        undoing: A run is being undone: what it created is retired.
        racing: (field, value) typed into the next object that is written, between re-read and write.
    """

    def __init__(self, clock: FakeClock, versions: Versions) -> None:
        super().__init__(clock, versions)
        told = versions != "none"
        self.can = Capabilities(batch=5, workers=1, history=told, versions=versions, deletes=True)
        self.presence = Presence()
        self.broken: list[str] = []
        self.theirs: set[str] = set()
        self.typed: list[Typed] = []
        self.touched: set[tuple[str, str]] = set()
        self.racing: list[tuple[str, str]] = []
        self.undoing = False

    def put(self, kind: str, id_: str = "", **fields: Value) -> str:
        """Let somebody create an object."""
        id_ = super().put(kind, id_, **fields)
        self.theirs.add(id_)
        self._type(id_, fields)
        return id_

    def edit(self, id_: str, **fields: Value) -> None:
        """Let somebody change an object; what people replace themselves is no loss."""
        held = self.held[id_].fields
        self.typed = [
            t for t in self.typed if t.object_id != id_ or t.field not in fields or held.get(t.field) != t.value
        ]
        super().edit(id_, **fields)
        self._type(id_, fields)

    def delete(self, id_: str) -> None:
        """Let somebody delete an object."""
        del self.held[id_]
        self.theirs.discard(id_)
        self.typed = [t for t in self.typed if t.object_id != id_]

    def _type(self, id_: str, fields: dict[str, Value]) -> None:
        for name in [n for n in fields if n in TYPED]:
            self.typed.append(Typed(id_, name, fields[name], self.clock.now()))
            self.touched.add((id_, name))

    def _commit(self, write: Write) -> Outcome:
        serial = write.fields.get("serial")
        if write.op in (Op.CREATE, Op.INSERT):
            same = [i.id for i in self.of(write.kind) if serial and i.fields.get("serial") == serial]
            if [i for i in same if self.held[i].hub_key != write.hub_key]:
                self.broken.append(f"{serial} is made a second time beside {same}")
        elif write.op is Op.DELETE or write.fields.get("stage") == "retired":
            self._goes(write)
        elif self.racing and write.object_id in self.held and self.can.history:
            name, value = self.racing.pop()
            self.edit(write.object_id, **{name: value})
        return super()._commit(write)

    def _goes(self, write: Write) -> None:
        """Look at something that is deleted or retired."""
        item = self.held.get(str(write.object_id))
        if item is None or self.undoing:
            return
        device = next((d for d in DEVICES if item.fields.get("serial") == serial(d)), None)
        if device is not None and not self.presence.may_go(device, self.clock.now()):
            self.broken.append(f"{item.id} goes ({write.op}) though it is not missing: {self.presence.missed}")
        if write.op is Op.DELETE and (item.id in self.theirs or any(id_ == item.id for id_, _ in self.touched)):
            self.broken.append(f"{item.id} is other people's, or they typed into it, and was deleted")


class WholeHub:
    """Sources, people and a target around one hub."""

    def __init__(self, state: SqlState, versions: Versions = "step", then: str = "flag") -> None:
        self.state = state
        self.count = 0
        self.world = _World(state, rules={"hardware": {"absent": {"then": then, **RULES}}})
        self.world.maps, self.world.classes = _MAP, ("computer",)
        self.planned: PlanState | None = None
        self.saved: Path | None = None
        self.admitted: set[tuple[str, str, str]] = set()
        self.loose: set[str] = set()  # objects whose values need not be those of the sources: undone, or state restored
        self.target = JudgedTarget(self.world.clock, versions)
        self.world.target = self.target
        self.world.policies = POLICIES
        self._left: int | None = None
        event.listen(self.state.database.engine, "commit", self._committing)

    def close(self) -> None:
        """Stop looking at commits."""
        event.remove(self.state.database.engine, "commit", self._committing)

    def _committing(self, _connection: object) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._left = None
                raise Crash

    # --- sources ------------------------------------------------------------------------------------------------------

    def say(self, source: str, device: int, key: str = "") -> None:
        """Let a source say something new about a device."""
        self.count += 1
        fields: dict[str, Any] = {"serial_number": serial(device), "manufacturer": "HP", "hostname": f"nb-{device}"}
        if source == "mdm":
            model = f"EliteBook {840 + device}"  # another model under the same serial number were another thing
            fields |= {"os_name": f"OS {self.count}", "description": f"said {self.count}", "model": model}
        else:
            fields |= {"ram_mib": 1024 * self.count}
        self.world.say(source, key or self.key(source, device) or f"{source}-{device}", at=self.count, **fields)

    def key(self, source: str, device: int) -> str:
        """Return the native key under which a source holds a device; empty: it does not."""
        held = self.world.said[source].items()
        return next((k for k, said in held if said["fields"].get("serial_number") == serial(device)), "")

    def forget(self, source: str, device: int) -> None:
        """Let a source lose a device."""
        if key := self.key(source, device):
            self.world.forget(source, key)

    def replace_key(self, source: str, device: int) -> None:
        """Let a source give a device another native key."""
        if key := self.key(source, device):
            self.world.forget(source, key)
            self.say(source, device, f"{key}+")

    # --- people -------------------------------------------------------------------------------------------------------

    def edit(self, which: int, name: str) -> None:
        """Somebody types into an object."""
        self.count += 1
        if objects := sorted(self.target.of("ci_computer"), key=lambda item: item.id):
            self.target.edit(objects[which % len(objects)].id, **{name: f"typed {self.count}"})

    def race(self, name: str) -> None:
        """Somebody types into the next object that is written, between the last look and the write."""
        self.count += 1
        self.target.racing.append((name, f"typed {self.count}"))

    def put(self, device: int) -> None:
        """Somebody enters a device by hand, unless it is there."""
        # Between plan and apply it is the target that notices doubles, if it does; this one does not.
        if self.planned or any(item.fields.get("serial") == serial(device) for item in self.target.of("ci_computer")):
            return
        self.count += 1
        self.target.put(
            "ci_computer", f"hand-{self.count}", serial=serial(device), maker="HP", note=f"typed {self.count}"
        )

    # --- the hub ------------------------------------------------------------------------------------------------------

    def sync(self, crash_at: int | None = None) -> None:
        """Do a sync as a flow does: a source that fails does not keep the rest from being done; a crash ends it."""
        paused, before = self.state.pauses.of("snow"), len(self.target.log)
        self._left, self.planned = crash_at, None
        try:
            self._sync()
        except (Crash, KeyboardInterrupt):
            pass
        except ConnectorError:
            pass  # the target is away
        finally:
            self._left = None
        assert not paused or len(self.target.log) == before, "written during a pause"

    def _sync(self) -> None:
        world = self.world
        for name in world.said:
            if world.said[name] or world.state_holds(name):
                self._pull(name)
        world.identify()
        plan, report = plan_step(world.job(), self.state, world.rules, world.clock, world.begin())
        deliver_step(world.job(), self.state, plan, report, world.clock, world.runs)

    def _pull(self, name: str) -> None:
        world = self.world
        source, listed = world.sources[name], list(world.said[name].values())
        after = source.fails["s"][0] if "s" in source.fails else None
        end = source.ends.get("s")
        complete = after is None and (end is None or (end.complete and end.scope == "all"))
        devices = {_device(said["fields"]["serial_number"]) for said in listed[:after]}
        sure = False
        with suppress(Unavailable):
            try:
                world.pull(name)
                sure = True
            except Unavailable:
                sure = True
                raise
            finally:
                self.target.presence.read(name, devices, world.clock.now(), complete=complete, sure=sure)

    def plan(self) -> None:
        """Plan, to apply it later."""
        with suppress(ConnectorError, KeyboardInterrupt):
            self.planned = self.world.plan()

    def apply(self) -> None:
        """Apply the plan that was made, whatever happened since."""
        if plan := self.planned:
            self.planned = None
            with suppress(ConnectorError, KeyboardInterrupt, PlanError):
                self.world.deliver(self.state.plans.get(plan.id) or plan)

    def guard(self, most: int | None) -> None:
        """Have at most so many changes of a kind pass unasked."""
        self.world.guards = None if most is None else Guards({"default": Limit(max=most), "delete": Limit(max=most)})

    def answer(self, state: str) -> None:
        """Approve or reject what is held."""
        for hold in self.state.holds.of(None, ("open",) if state == "rejected" else ("open", "rejected")):
            self.state.holds.answer(hold.id, state, "bob", self.world.clock.now(), "looked at it")

    def pause(self) -> None:
        """Stop all writes."""
        self.state.pauses.pause(Pause("snow", "bob", self.world.clock.now(), "freeze"))

    def undo(self, source: str, device: int) -> None:
        """Let a source say something, sync, and undo that: the target is as before, and stays so."""
        self.calm()
        before = {item.id: _plain(item.fields) for item in self.target.held.values()}
        self.say(source, device)
        self.sync()
        undone, world = self.world.runs, self.world
        self.target.undoing = True
        world.deliver(plan_undo(world.job(), self.state, world.clock, world.begin(), undone))
        self.target.undoing = False
        after = {item.id: _plain(item.fields) for item in self.target.held.values() if item.id in before}
        assert after == before, "undone, and not as it was before"
        written = len(self.target.log)
        self.sync()
        assert self.target.log[written:] == [], "what was undone is written again"
        self.loose |= set(self.target.held)

    def save(self, path: Path) -> None:
        """Make a backup of the state."""
        self.saved = path
        path.unlink(missing_ok=True)
        backup(self.state.database.engine, path, self.world.clock.now())

    def restore(self) -> None:
        """Go back to an older backup."""
        if self.saved is not None:
            self.admitted |= set(self._overwritten())
            restore(self.state.database.engine, self.saved, replace=True)
            self.planned = None
            self.loose |= set(self.target.held)

    def calm(self) -> None:
        """End all faults, sync until nothing is written, and make sure of it."""
        self.state.pauses.resume("snow")
        self.answer("approved")
        self.guard(None)
        self.target.answers.clear()
        self.target.racing.clear()
        for name in self.world.sources:
            whole(self, name)
        for number in range(6):
            before = len(self.target.log)
            self.sync()
            if len(self.target.log) == before and number >= SNAPSHOTS:  # what is missed counts with each of them
                break
        before = len(self.target.log)
        self.sync()
        assert self.target.log[before:] == [], "a sync without a change writes"

    # --- the laws -----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check every law that can be seen from outside at any moment."""
        assert not self.target.broken, self.target.broken
        for id_ in self.target.theirs:
            assert id_ in self.target.held, f"{id_} was entered by hand and is gone"

    def values(self) -> None:
        """Check that objects hold what their sources say or people typed; only after `calm`."""
        self.check()
        for typed in self.target.typed:
            self._kept(typed)
        for device in DEVICES:
            objects = [i for i in self.target.of("ci_computer") if i.fields.get("serial") == serial(device)]
            if self.key("mdm", device) or self.key("scan", device):
                assert len(objects) == 1, f"{serial(device)} is in the target {len(objects)} times"
            for source, names in ONLY.items():
                said = self.world.said[source].get(self.key(source, device)) or {}
                for canonical, name in names.items() if said else ():
                    for item in objects if self.loose.isdisjoint(i.id for i in objects) else ():
                        self._value(item.id, name, said["fields"][canonical], item.fields.get(name))

    def _value(self, id_: str, name: str, said: Any, held: Any) -> None:
        if name == "os" or (id_, name) not in self.target.touched:
            assert str(held) == str(said), f"{id_} {name}: {held!r}, its source says {said!r}"

    def _kept(self, item: Typed) -> None:
        held = self.target.held[item.object_id]
        if held.fields.get(item.field) == item.value:
            return
        found = {*self._overwritten(), *self.admitted}
        admitted = [value for id_, name, value in found if (id_, name) == (item.object_id, item.field)]
        assert item.value in admitted, f"{item} is lost: {held.fields.get(item.field)!r}; admitted {admitted}"
        over = item.field == "os" or (item.field == "note" and self.world.clock.now() >= item.at + _STANDS)
        assert over or item.object_id in self.loose, (
            f"{item} was written over against its policy: {held.fields.get(item.field)!r}"
        )

    def _overwritten(self) -> list[tuple[str, str, str]]:
        rows = self.world.query("select object_id, field, theirs from overwritten")
        return [(id_, name, json.loads(theirs)) for id_, name, theirs in rows]


def _device(number: str) -> int:
    return next(d for d in DEVICES if serial(d) == number)


def _plain(fields: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if value is not None}


def serial(device: int) -> str:
    """Return the serial number of a device."""
    return f"5CG{7131 + 617 * device}QX{device + 1}"


def partial(hub: WholeHub, source: str) -> None:
    """The next read of a source is no complete one and gives half of what is there."""
    hub.world.sources[source].ends["s"] = End(complete=False, proof="half", scope="all")


def narrow(hub: WholeHub, source: str) -> None:
    """The next reads of a source have a smaller scope."""
    hub.world.sources[source].ends["s"] = End(complete=True, proof="all of a part", scope="part")


def break_off(hub: WholeHub, source: str, after: int) -> None:
    """The next read of a source fails half-way."""
    hub.world.sources[source].fails["s"] = (after, Unavailable("no answer.", where=source))


def whole(hub: WholeHub, source: str) -> None:
    """The next reads of a source are complete."""
    hub.world.sources[source].fails.clear()
    hub.world.sources[source].ends.clear()
