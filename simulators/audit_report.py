"""What the auditor says about one run, as data and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """Rows of one kind, against the state before the run."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A field that was not empty before the hub came and now holds something else."""

    table: str
    sys_id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Takeover:
    """A CI or asset of one device that now carries the identity of another; `how` names the field."""

    table: str
    sys_id: str
    how: str
    device: str
    now: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What one run did to the target.

    Attributes:
        name: Of the run.
        cis: CIs of hardware and virtual machines.
        assets: Hardware assets.
        users: Users.
        foundation_created: Table -> companies, models, places … that were created.
        requests: HTTP requests, a batch counts as one.
        reads: Requests that wrote nothing.
        writes: Requests that wrote at least one record.
        records_written: Records written for the caller, by any request.
        refused: Requests answered with 4xx or 5xx.
        devices: True hardware devices the sources know, without people's own and virtual ones.
        one_each: Of these, those with exactly one CI and exactly one asset.
        no_ci: Those without a CI (`anonymous_without_ci` of them cannot be told apart by anybody).
        no_asset: Those without an asset.
        several_before: Those with several CIs or assets, all of which others made.
        several_now: Those with several CIs or assets, of which the hub made at least one.
        duplicates_created: CIs and assets created in this run for a device that had one already.
        takeovers: See `Takeover`; against the snapshot.
        overwritten: See `Overwrite`; against the snapshot, without values that followed a change of the sources, whose
            value they were before (`simulators.followed`).
        personal_created: CIs made for devices people brought themselves.
        unknown_created: CIs created in this run that are no device of the truth.
        people: People HR knows.
        one_user: Of these, those with exactly one user.
    """

    name: str
    cis: Tally = field(default_factory=Tally)
    assets: Tally = field(default_factory=Tally)
    users: Tally = field(default_factory=Tally)
    foundation_created: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    reads: int = 0
    writes: int = 0
    records_written: int = 0
    refused: int = 0
    devices: int = 0
    one_each: int = 0
    no_ci: int = 0
    anonymous_without_ci: int = 0
    no_asset: int = 0
    several_before: int = 0
    several_now: int = 0
    duplicates_created: int = 0
    takeovers: list[Takeover] = field(default_factory=list)
    overwritten: list[Overwrite] = field(default_factory=list)
    personal_created: int = 0
    unknown_created: int = 0
    people: int = 0
    one_user: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)

    def tallies(self) -> list[Tally]:
        """Return what happened to each kind of row."""
        return [self.cis, self.assets, self.users]

    def table(self) -> str:
        """Render for people: about 20 lines, no colour."""
        lines = [f"{self.name}", f"  {'':14}{'created':>9}{'updated':>9}{'deleted':>9}{'unchanged':>11}"]
        for name, tally in (("CIs", self.cis), ("assets", self.assets), ("users", self.users)):
            row = f"{tally.created:>9,}{tally.updated:>9,}{tally.deleted:>9,}{tally.unchanged:>11,}"
            lines.append(f"  {name:14}{row}")
        figures = (
            ("requests", f"{self.requests:,} ({self.reads:,} reads, {self.writes:,} writes, {self.refused:,} refused)"),
            ("records written", f"{self.records_written:,}"),
            ("devices", f"{self.devices:,}, one CI and one asset each: {self.one_each:,}"),
            ("  without CI", f"{self.no_ci:,} ({self.anonymous_without_ci:,} nobody can tell apart)"),
            ("  without asset", f"{self.no_asset:,}"),
            ("  several", f"{self.several_before:,} made by others, {self.several_now:,} with one made by the hub"),
            ("people", f"{self.people:,}, one user each: {self.one_user:,}"),
            ("name takeovers", f"{len(self.takeovers):,}"),
            ("overwritten", f"{len(self.overwritten):,} non-empty fields of others{most(self.overwritten)}"),
            ("duplicates created", f"{self.duplicates_created:,}"),
            ("people's own", f"{self.personal_created:,} created"),
            ("of no device", f"{self.unknown_created:,} created"),
        )
        lines += [f"  {name:20}{text}" for name, text in figures]
        if self.foundation_created:
            lines.append(f"  {'other rows':20}" + ", ".join(f"{n:,} {t}" for t, n in self.foundation_created.items()))
        return "\n".join(lines)


def most(found: list[Overwrite]) -> str:
    """Name the fields that were overwritten most."""
    counted = Counter(each.field for each in found).most_common(4)
    return f" ({', '.join(f'{n:,} {name}' for name, n in counted)})" if counted else ""
