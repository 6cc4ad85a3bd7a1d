"""Bad Monday: the MDM lies with status 200, keys change, people edit under the hub's hands, and it is killed.

    python bench/bad_monday.py                       # 30 kills; make soak runs it, too

The MDM returns 60 % of its devices with status 200 and counts that add up; 15 % of the native keys change; a technician
edits 300 assignees, 50 of them between the hub's last look and its write; the hub is killed again and again. Missing
things would be retired after three snapshots and a second. Prints one line and ends with 1 unless nothing was retired,
nothing doubled, at most five holds wait, the 250 edits stand, and the 50 are reported with both values and stand again.
"""

from __future__ import annotations

import copy
import json
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.soak_world import PHASES, Sync, Systems, attempt
from simulators.estate import Estate, build
from state.store import open_state

_GUARDS = "guards: {default: {}}\n"
_RULES = "rules: {hardware: {absent: {missing_after: 3, at_least: 1s, then: retire}}}\n"
_EDITS, _RACES, _HOLDS = 300, 50, 5
_SPARE = 15  # more that the MDM says have moved: of some the hub believes another source
_RETIRED = {"install_status": "7", "operational_status": "6", "hardware_status": "retired"}


@dataclass(slots=True)
class Monday:
    """What became of it.

    Attributes:
        kills: How often the hub was killed.
        edits: Assignees that the technician edited before the sync.
        races: Those edited between the hub's last look and its write.
        retired: Serial numbers of what was taken out of service.
        doubled: Serial numbers of what is there more often than before.
        lost: CIs whose assignee is not what the technician chose, of the edits made before the sync.
        unreported: CIs whose edit fell into a write and is not reported with both values.
        taken: CIs whose edit fell into a write and does not stand.
        holds: Holds that wait.
    """

    kills: int = 0
    edits: int = 0
    races: int = 0
    retired: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unreported: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    holds: int = 0

    @property
    def good(self) -> bool:
        """Nothing was lost, doubled or retired, and few people are asked."""
        bad = (self.retired, self.doubled, self.lost, self.unreported, self.taken)
        return not any(bad) and self.holds <= _HOLDS and (self.edits, self.races) == (_EDITS - _RACES, _RACES)

    def __str__(self) -> str:
        return (
            f"bad_monday kills={self.kills} edits={self.edits} races={self.races}"
            f" retired={len(self.retired)} doubled={len(self.doubled)} edits_lost={len(self.lost)}"
            f" races_unreported={len(self.unreported)} races_taken={len(self.taken)} holds={self.holds}"
        )


def bad_monday(folder: Path, kills: int) -> Monday:
    """Let it happen in an empty folder; returns what became of it.

    Raises:
        RuntimeError: A sync does not end by itself, or it could not be killed so often.
    """
    estate = build(seed=5, people=200, devices=640)
    found = Monday()
    with Systems(folder, f"sqlite:///{folder}/state.db", estate) as systems:
        _configure(systems, guards=False)
        systems.show(estate)
        for _ in range(3):
            _end(Sync(systems))
        systems.snow.settle()
        before = _things(systems)
        _configure(systems, guards=True)

        chance = random.Random(1)
        ours, others = _chosen(systems, estate, chance)
        systems.show(_monday(estate, chance, [serial for _, serial, _ in ours]))
        moving = _approve(systems)
        racing = [one for one in ours if one[0] in moving][:_RACES]
        plain = others[: _EDITS - _RACES]
        users = [row["sys_id"] for row in systems.snow.dump("sys_user")]
        typed = {
            ci: chance.choice([u for u in users if u not in (now, moving.get(ci))]) for ci, _, now in racing + plain
        }
        for ci, _, _ in plain:
            systems.snow.edit("cmdb_ci_computer", ci, {"assigned_to": typed[ci]})
        for ci, _, _ in racing:
            systems.snow.edit_at_write("cmdb_ci_computer", ci, {"assigned_to": typed[ci]})

        found.kills = _kill(systems, chance, kills)
        for _ in range(3):
            _end(Sync(systems))
        systems.snow.settle()
        after = _things(systems)

        found.retired = [key for key in after if after[key][1] > before.get(key, (0, 0))[1]]
        found.doubled = [key for key in after if after[key][0] > max(before.get(key, (1, 0))[0], 1)]
        held = {row["sys_id"]: row.get("assigned_to", "") for row in systems.snow.dump("cmdb_ci_computer")}
        found.lost = [ci for ci, _, _ in plain if held[ci] != typed[ci]]
        found.taken = [ci for ci, _, _ in racing if held[ci] != typed[ci]]
        told, found.holds = _told(systems)
        found.unreported = [ci for ci, _, _ in racing if told.get(ci, ("", ""))[0] != typed[ci] or not told[ci][1]]
        found.edits, found.races = len(plain), len(racing)
    return found


def _configure(systems: Systems, *, guards: bool) -> None:
    path = systems.folder / "synchub.yaml"
    text = path.read_text().replace(_GUARDS, "").replace(_RULES, "")
    path.write_text(text + _RULES + ("" if guards else _GUARDS))


def _end(sync: Sync) -> None:
    if sync.wait(600) not in (0, 4, 5):
        raise RuntimeError("\n".join(sync.said[-5:]))


def _approve(systems: Systems) -> dict[str, str]:
    """Plan, and let the desk say that computers move on; what else is held waits. Returns CI -> assignee planned."""
    _end(Sync(systems, "plan"))
    state = open_state(systems.database)
    with state.database.read() as tx:
        holds = tx.rows("select id from hold where state='open' and guard='reassign' and cls='computer'")
        rows = tx.rows(
            "select object_id, changes from plan_row where op='update' and facet='ci'"
            " and plan=(select max(id) from plan where state='open')"
        )
    state.close()
    for (number,) in holds:
        _end(Sync(systems, "holds", "approve", f"h-{number}", "--as", "desk", "--reason", "they moved on"))
    changes = {object_id: json.loads(blob).get("changes", {}) for object_id, blob in rows}
    return {ci: str(some["assigned_to"][1]) for ci, some in changes.items() if "assigned_to" in some}


def _kill(systems: Systems, chance: random.Random, kills: int) -> int:
    """Kill the hub in every phase, again and again."""
    killed, typical = 0, dict[str, float]()
    for n in range(4 * kills):
        if killed == kills:
            return killed
        phase = PHASES[n % len(PHASES)]
        if phase in ("deliver", "commit") and n > 2 * kills:  # nothing is left to write
            phase = PHASES[n % 2]
        killed += bool(attempt(systems, phase, chance, typical).killed_in)
    raise RuntimeError(f"killed only {killed} times")


def _things(systems: Systems) -> dict[str, tuple[int, int]]:
    """Return table and serial number -> (how many there are, how many of them are out of service)."""
    found: dict[str, tuple[int, int]] = {}
    for table in ("cmdb_ci_hardware", "alm_hardware"):
        for row in systems.snow.dump(table):
            key = f"{table} {row.get('serial_number') or row['sys_id']}"
            count, out = found.get(key, (0, 0))
            found[key] = (count + 1, out + any(row.get(name) == value for name, value in _RETIRED.items()))
    return found


def _chosen(
    systems: Systems, estate: Estate, chance: random.Random
) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Choose (CI, serial number, assignee) of computers the MDM knows: 65 whose assignee the hub wrote, others."""
    known = {item["serialNumber"].upper() for item in estate.intune_devices if item["serialNumber"]}
    state = open_state(systems.database)
    with state.database.read() as tx:
        linked = dict(tx.rows("select object_id, origin from target_object where entity is not null and facet='ci'"))
    state.close()
    rows = sorted(systems.snow.dump("cmdb_ci_computer"), key=lambda row: row["sys_id"])
    rows = [row for row in rows if row["sys_id"] in linked and row.get("serial_number", "").upper() in known]
    chance.shuffle(rows)
    ours = [row for row in rows if linked[row["sys_id"]] == "created" and row.get("assigned_to")][: _RACES + _SPARE]
    others = [row for row in rows if row not in ours]
    if len(ours) < _RACES or len(others) < _EDITS - _RACES:
        raise RuntimeError(f"only {len(ours)} and {len(others)} computers to edit")
    some = [
        [(r["sys_id"], r["serial_number"].upper(), r.get("assigned_to", "")) for r in part] for part in (ours, others)
    ]
    return some[0], some[1]


def _monday(estate: Estate, chance: random.Random, moved: list[str]) -> Estate:
    """Let the MDM say that some devices moved on, change 15 % of its keys, and give 60 % of its devices only."""
    devices: list[dict[str, Any]] = copy.deepcopy(estate.intune_devices)
    people = [user["mail"] for user in estate.intune_users]
    told = set(moved)
    for number, device in enumerate(devices):
        if device["serialNumber"].upper() in told:
            mail = chance.choice([m for m in people if m != device["userPrincipalName"]])
            device |= {"userPrincipalName": mail, "emailAddress": mail}
        elif number % 20 < 3:
            device["id"] = f"{device['id'][:-4]}{number:04x}"
    chosen = [d for d in devices if d["serialNumber"].upper() in told]
    rest = [d for d in devices if d["serialNumber"].upper() not in told]
    later = copy.copy(estate)
    later.intune_devices = chosen + rest[: len(devices) * 6 // 10 - len(chosen)]
    return later


def _told(systems: Systems) -> tuple[dict[str, tuple[str, str]], int]:
    """Return CI -> (technician's value, hub's value) of the edits reported, and how many holds wait."""
    state = open_state(systems.database)
    with state.database.read() as tx:
        rows = tx.rows("select object_id, theirs, ours from overwritten where field='assigned_to' and how='race'")
        holds = tx.rows("select id from hold where state='open'")
    state.close()
    return {object_id: (json.loads(theirs), json.loads(ours)) for object_id, theirs, ours in rows}, len(holds)


def main() -> int:
    """Run it with 30 kills."""
    found = bad_monday(Path(tempfile.mkdtemp(prefix="synchub-monday-")), 30)
    print(found)
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
