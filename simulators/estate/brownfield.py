"""A ServiceNow that others have filled, with exact counts instead of shares: brownfield at size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from simulators.estate import desk as other_people
from simulators.estate import dirt
from simulators.estate.model import Device, Person, Row, Truth

_FOREIGN = 0.02  # of the CIs: devices no source knows


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the instance holds before the hub comes. All counts are exact.

    Attributes:
        cis: Hardware CIs in all, those below included.
        duplicates: Second CIs of a device that has one already: the serial number spelled otherwise, or only the name.
        blank_serials: CIs without a serial number.
        reused_names: CIs of retired devices that still carry the host name of a device which has no CI.
        assets: Share of the first CIs of devices that have an asset.
        people: Share of the people that are users.
    """

    cis: int = 30_000
    duplicates: int = 600
    blank_serials: int = 4_000
    reused_names: int = 900
    assets: float = 0.92
    people: float = 0.6

    @classmethod
    def scaled(cls, devices: int) -> Holdings:
        """Return the same mixture for another number of devices; 50,000 give the defaults."""

        def part(count: int) -> int:
            return max(1, round(count * devices / 50_000))

        return cls(part(30_000), part(600), part(4_000), part(900))


def fill(
    rng: Random, devices: list[Device], people: list[Person], holdings: Holdings, today: date, truth: Truth
) -> dict[str, list[Row]]:
    """Fill ServiceNow with exactly these holdings; see `simulators.estate.desk.fill`.

    Raises:
        ValueError: The estate has too few devices for them.
    """
    desk = other_people.start(rng, today, truth, people, holdings.people)
    hardware = [d for d in devices if d.kind in other_people.CI_TABLES and not d.personal]
    foreign = round(holdings.cis * _FOREIGN)
    first = holdings.cis - holdings.duplicates - holdings.reused_names - foreign
    known, new = _apart(rng, hardware, first)
    named = [d for d in new if d.kind in ("laptop", "desktop", "server")]
    by_name = holdings.duplicates // 2
    blank = holdings.blank_serials - by_name
    if min(first - holdings.duplicates, first - blank, len(named) - holdings.reused_names, blank) < 0:
        msg = f"{len(hardware)} devices are too few for {holdings}"
        raise ValueError(msg)
    blanks = set(rng.sample(range(first), blank))
    for i, device in enumerate(known):
        other_people.add_device(
            desk, device, asset=rng.random() < holdings.assets, serial="" if i in blanks else _serial(rng, device)
        )
    for i, device in enumerate(rng.sample(known, holdings.duplicates)):
        other_people.add_duplicate(desk, device, by_name=i < by_name)
    for device in rng.sample(named, holdings.reused_names):
        other_people.add_predecessor(desk, device)
    for number in range(foreign):
        other_people.add_foreign(desk, number)
    return desk.tables


def _apart(rng: Random, hardware: Sequence[Device], count: int) -> tuple[list[Device], list[Device]]:
    """Draw the devices that have a CI already; returns them and the others, in the order of the estate."""
    chosen = set(rng.sample(range(len(hardware)), min(count, len(hardware))))
    return [d for i, d in enumerate(hardware) if i in chosen], [d for i, d in enumerate(hardware) if i not in chosen]


def _serial(rng: Random, device: Device) -> str:
    return dirt.soil_serial(
        rng, device.serial, spelling=other_people.SPELLED, blank=0.0, placeholder=other_people.PLACEHOLDER, typo=0.0
    )
