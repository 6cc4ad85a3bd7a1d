"""Documents of syncs and plans, as small or as large as a test wants."""

from __future__ import annotations

from typing import Any


def counts(**given: Any) -> dict[str, Any]:
    """Return what reading one stream found."""
    base = {
        "read": 10, "unchanged": 8, "new": 1, "changed": 1, "moved": 0, "dropped": 0, "rejected": 0, "warned": 0,
        "remapped": 0, "absent": 0, "complete": True, "proof": "manifest 10", "drift": [], "warnings": [],
    }  # fmt: skip
    return base | given


def cause(n: int, **given: Any) -> dict[str, Any]:
    """Return one cause of writes."""
    base = {
        "facet": "ci", "op": "update", "field": f"field_{n}", "source": "mdm", "count": 1000 - n,
        "old": "a", "new": "b", "rule": "mdm before erp (shipped)", "example": "NB-1", "one_value": True,
    }  # fmt: skip
    return base | given


def report(**given: Any) -> dict[str, Any]:
    """Return the report of one target."""
    base = {
        "plan": "7f3c91aa0011", "mode": "preview", "read": 5, "first": False, "changed_by_others": 0, "states": {},
        "applied": {}, "created_at": 1_795_362_963, "expires_at": 1_795_377_364,
        "summary": {
            "counts": {"computer": {"create": 2, "update": 3, "conflict": 1}},
            "causes": [cause(1)],
            "needs": [{"why": "ambiguous", "count": 1, "example": "NB-2"}],
            "touched": {"computer": 6},
            "cost": {"writes": 5, "requests": 1},
        },
    }  # fmt: skip
    return base | given


def result(**given: Any) -> dict[str, Any]:
    """Return a whole document with one source and one target."""
    identified = {"records": 10, "entities": 9, "created": 1, "changed": 1, "merged": 0, "parked": 0, "shared": 0}
    base = {
        "run": 412, "state": "done", "pulled": {"mdm": {"devices": counts()}}, "identified": identified,
        "targets": {"snow": report()}, "entities": {"computer": 100}, "config": "4e1b0744",
    }  # fmt: skip
    return base | given


def large(things: int) -> dict[str, Any]:
    """Return a document with so many sources, streams, targets, classes, causes and things that need a person."""
    streams = {f"stream_{n}": counts(complete=n % 2 == 0) for n in range(things)}
    needs = [{"why": f"why {n}", "count": n, "example": "x" * 500} for n in range(things)]
    summary = {
        "counts": {f"class_{n}": {"update": n} for n in range(things)},
        "causes": [cause(n) for n in range(things)],
        "needs": needs,
        "touched": {},
        "cost": {"writes": 5, "requests": 1},
    }
    return result(
        pulled={f"source_{n}": streams for n in range(things)},
        targets={f"target_{n}": report(summary=summary) for n in range(things)},
    )
