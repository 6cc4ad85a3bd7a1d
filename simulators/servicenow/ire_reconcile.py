"""Static reconciliation rules: which data source may update which attributes (r_ReconciliationRulesPrinciples.md).

Without a rule every source may. A rule for listed attributes beats one for a whole class, a child class's rule its
parent's. Among authorised sources a lower number is stronger: what a stronger source wrote, a weaker one leaves. An
authorised source cannot empty a filled attribute unless the rule lists it (create-reconciliation-rule.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.servicenow.store import Row


@dataclass(frozen=True, slots=True)
class SourceRule:
    """One rule; no attributes means all of the class."""

    table: str
    source: str
    attributes: frozenset[str] = frozenset()
    priority: int = 100
    with_null: frozenset[str] = frozenset()


class Reconciler:
    """The rules of one instance, and who wrote what last."""

    def __init__(self) -> None:
        self._rules: list[SourceRule] = []
        self._last: dict[tuple[str, str], int] = {}

    def add(
        self,
        table: str,
        source: str,
        attributes: tuple[str, ...] = (),
        *,
        priority: int = 100,
        with_null: tuple[str, ...] = (),
    ) -> SourceRule:
        """Authorise a data source."""
        rule = SourceRule(table, source, frozenset(attributes), priority, frozenset(with_null))
        self._rules.append(rule)
        return rule

    def _for(self, line: list[str], attribute: str) -> list[SourceRule]:
        for listed in (True, False):
            for table in line:
                found = [
                    rule
                    for rule in self._rules
                    if rule.table == table and (attribute in rule.attributes if listed else not rule.attributes)
                ]
                if found:
                    return found
        return []

    def allowed(self, line: list[str], source: str, row: Row, values: dict[str, str]) -> dict[str, str]:
        """Keep the values that a source may write into an existing record of a class."""
        if not self._rules:
            return values
        kept = {}
        for name, value in values.items():
            rules = self._for(line, name)
            own = next((rule for rule in rules if rule.source == source), None)
            if rules and own is None:
                continue
            if own is not None:
                if not value and row.get(name) and name not in own.with_null:
                    continue
                if self._last.get((row["sys_id"], name), own.priority) < own.priority:
                    continue
            kept[name] = value
        return kept

    def wrote(self, line: list[str], source: str, sys_id: str, values: dict[str, str]) -> None:
        """Note the strength of what was written."""
        if not self._rules:
            return
        for name in values:
            own = next((rule for rule in self._for(line, name) if rule.source == source), None)
            if own is not None:
                self._last[sys_id, name] = own.priority
