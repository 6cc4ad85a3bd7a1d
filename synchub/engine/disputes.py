"""Keep the list of fields about which sources disagree and no rule decides; see `synchub.reconcile.ties`.

Only entities that are looked at anyway are judged; of these a row is written where something is new or is over.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from synchub.domain.records import Contribution
from synchub.reconcile.damping import rule_text
from synchub.reconcile.merge import Golden
from synchub.reconcile.rules import Rules
from synchub.reconcile.ties import Ties, as_detail
from synchub.stores import EntityBatch, State
from synchub.stores.entities import Dispute


class Disputes:
    """Judges the entities of a slice.

    Args:
        state: All stores.
        rules: Compiled rules.
        now: Seconds since 1970 UTC.
    """

    def __init__(self, state: State, rules: Rules, now: int) -> None:
        self._state, self._rules, self._now = state, rules, now
        self._ties = Ties(rules)
        self._any = state.entities.any_dispute()

    def judge(
        self,
        batch: EntityBatch,
        looked_at: Sequence[tuple[int, Sequence[Contribution], Golden, frozenset[str]]],
        gone: Sequence[int],
    ) -> None:
        """Gather what is to be written.

        Args:
            batch: Takes it.
            looked_at: (entity, its records that may speak, golden record, fields that are decided otherwise).
            gone: Entities that are no more.
        """
        found: dict[tuple[int, str], bytes] = {}
        for entity, members, golden, skip in looked_at:
            for name, said in self._ties.of(golden.cls, members, self._now, skip).items():
                rule = rule_text(self._rules.classes[golden.cls].rule(name))
                found[entity, name] = orjson.dumps(as_detail(said, rule))
        known = self._state.entities.disputes([*(item[0] for item in looked_at), *gone]) if self._any else {}
        for key, detail in found.items():
            old = known.pop(key, None)
            if old is None or not old.open or old.said != detail:
                batch.disputes.append(Dispute(old.id if old else 0, *key, detail, self._now, open=True))
                self._any = True
        batch.settled += [old.id for old in known.values() if old.open]
