"""What merges leave over at a target: one thing keeps the oldest object, the others are marked as its duplicates.

Nothing is deleted and no ticket is moved. A target that has a field for it (`duplicate` of its map) is told which
object each duplicate belongs to; elsewhere `synchub conflicts list` names them. When the thing comes apart again, each
part has its own object back (`state.links`) and the mark is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from synchub.domain.plan import FieldChange, Op, PlanRow, RowState
from synchub.engine.contact import TargetJob
from synchub.engine.rows import RowMaker
from synchub.mapports import ObjectIdentity
from synchub.stores import EntityRow, ObjectRow, State

_RULE = "a merge keeps the oldest object"


class Duplicates:
    """The duplicates of one target; asked once per plan, empty almost always."""

    def __init__(self, job: TargetJob, state: State, target: int) -> None:
        self._job, self._state, self._target = job, state, target
        self._of: dict[int, list[ObjectRow]] = {}
        for entity, item in state.links.duplicates(target):
            self._of.setdefault(entity, []).append(item)
        if self._of:
            self._keep_oldest()
        self._marking = any(f.duplicate for cls in job.classes for f in job.maps.facets(cls))

    def _keep_oldest(self) -> None:
        """Link the oldest object of each merged thing, with what the target keeps in step with it."""
        linked = self._state.targets.linked(self._target, list(self._of))
        classes = {e: row.cls for e, row in self._state.entities.get(list(self._of)).items()}
        for entity, others in self._of.items():
            have = {item.facet: item for item in linked.get(entity, ())}
            for facet in self._job.maps.facets(classes.get(entity, "")):
                mine = have.get(facet.facet)
                rivals = [item for item in others if item.facet == facet.facet]
                if mine is None or not rivals:
                    continue
                oldest = min(rivals, key=lambda item: _age(facet, item))
                if _age(facet, oldest) < _age(facet, mine):
                    instead = [oldest, *(item for item in others if item.object_id == oldest.counterpart)]
                    given = [have[item.facet] for item in instead if item.facet in have]
                    self._state.links.swap(self._target, entity, given, instead)
                    self._of[entity] = [item for item in others if item not in instead] + given
                break  # the first facet that both have decides for all

    def rows(
        self, entity: EntityRow, label: str, facets: Sequence[ObjectIdentity], linked: Sequence[ObjectRow],
        maker: RowMaker,
    ) -> Iterator[PlanRow]:  # fmt: skip
        """Yield what has to be said at the target: marks on duplicates, and marks taken from what is none any more."""
        if not self._marking:
            return
        have = {item.facet: item for item in linked}
        for facet in facets:
            name, mine = facet.duplicate, have.get(facet.facet)
            if name is None or mine is None:
                continue
            mark = (mine.base or {}).get(name)
            if mark and mine.fields.get(name) == mark:
                yield self._row(
                    entity, label, facet, mine, FieldChange(mark, None, "", "it is a thing of its own"), maker
                )
            for item in self._of.get(entity.id, ()):
                refused = item.refused.get(name, {}).get("wanted") == mine.object_id
                if item.facet == facet.facet and name in item.fields and not item.fields[name] and not refused:
                    change = FieldChange(item.fields[name], mine.object_id, "", _RULE)
                    yield self._row(entity, label, facet, item, change, maker)

    @staticmethod
    def _row(
        entity: EntityRow, label: str, facet: ObjectIdentity, item: ObjectRow, change: FieldChange, maker: RowMaker
    ) -> PlanRow:
        return maker.row(
            entity, label, facet, Op.UPDATE, RowState.PENDING, object_id=item.object_id, kind=item.cls or item.kind,
            changes={facet.duplicate or "": change}, note="" if change.new is None else "a duplicate since a merge",
        )  # fmt: skip


def marks(facet: ObjectIdentity, row: PlanRow) -> bool:
    """Tell whether a row marks an object as a duplicate: then the object stays nobody's."""
    change = row.changes.get(facet.duplicate) if facet.duplicate else None
    return change is not None and change.new is not None


def _age(facet: ObjectIdentity, item: ObjectRow) -> tuple[str, int]:
    """Order by the moment the target gives, as digits; else by when the hub first saw it."""
    created = item.fields.get(facet.created) if facet.created else None
    digits = "".join(c for c in created if c.isdigit()) if isinstance(created, str) else ""
    return digits[:14] or "9", item.id
