"""Whose value stands where people work in a target: the `theirs:` block of a target, per class and field.

Keys: `default`, a target or canonical field, or a class or family with a block of its own (`default` and fields). The
narrowest wins: field of the class, of its family, field, `default` of the class, of its family, `default`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from synchub.domain.model import CLASSES
from synchub.domain.yamlfile import nearest
from synchub.errors import ConfigError, Faults
from synchub.reconcile.diff import Policy, parse_policy

if TYPE_CHECKING:
    from synchub.mapports import Facets

_FALLBACK = "target"


def flatten(block: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    """Write the block of a target with one key per policy.

    >>> flatten({"default": "target", "computer": {"os_version": "hub"}})
    {'default': 'target', 'computer.os_version': 'hub'}
    """
    flat: dict[str, str] = {}
    for key, said in block.items():
        if isinstance(said, str):
            flat[key] = said
        else:
            flat |= {f"{key}.{name}": text for name, text in said.items()}
    return flat


class Policies:
    """The policies of one target.

    Args:
        flat: As `flatten` returns them.

    Raises:
        ConfigError: One of them is no policy.
    """

    def __init__(self, flat: Mapping[str, str]) -> None:
        self._texts = dict(flat)
        self._parsed = {text: parse_policy(text) for text in {_FALLBACK, *flat.values()}}
        self._known: dict[tuple[str, str], Policy] = {}

    def of(self, cls: str, name: str, sources: Sequence[str]) -> Policy:
        """Return the policy of a target field.

        Args:
            cls: Canonical class.
            name: Target field.
            sources: Canonical fields that fill it.
        """
        key = (cls, name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._parsed[self.text(cls, name, sources)]
        return found

    def text(self, cls: str, name: str, sources: Sequence[str]) -> str:
        """Return the policy of a target field as it is written."""
        fields, scopes = (name, *sources), (cls, CLASSES[cls].family)
        keys = [
            *(f"{scope}.{field}" for scope in scopes for field in fields),
            *fields,
            *(f"{scope}.default" for scope in scopes),
            "default",
        ]
        return next((self._texts[key] for key in keys if key in self._texts), _FALLBACK)


def check_policies(
    block: Mapping[str, str | Mapping[str, str]], maps: Facets, classes: Sequence[str], where: Callable[..., str]
) -> None:
    """Make sure that every key of a target's `theirs` block names something that is delivered to it.

    Args:
        block: As configured.
        maps: The target map.
        classes: Classes that are delivered.
        where: Tells file and line of a key of the block.

    Raises:
        ConfigError: A key that is no field of the target map, or a policy that is none; all of them, the nearest named.
    """
    scopes: dict[str, set[str]] = {}
    for cls in classes:
        names = {
            name for facet in maps.facets(cls) for field, how in facet.fields.items() for name in (field, *how.sources)
        }
        for scope in {cls, CLASSES[cls].family}:
            scopes.setdefault(scope, set()).update(names)
    every = set().union(*scopes.values()) if scopes else set()
    faults = Faults()
    for key, said in block.items():
        with faults.kept():
            if isinstance(said, str):
                _check(key, said, every | {"default"}, where(key), scopes)
                continue
            if key not in scopes:
                raise ConfigError(
                    f"{key!r} is no class that is delivered here.", where=where(key), fix=nearest(key, scopes)
                )
            for name, text in said.items():
                with faults.kept():
                    _check(name, text, scopes[key] | {"default"}, where(key, name), {})
    faults.tell()


def _check(key: str, text: str, known: set[str], where: str, scopes: Mapping[str, set[str]]) -> None:
    if key in scopes and key not in known:
        raise ConfigError(
            f"{key!r} is a class, not a field.", where=where, fix=f"Write `{key}: {{default: {text}}}` for all of it."
        )
    if key not in known:
        raise ConfigError(f"the target map has no field {key!r}.", where=where, fix=nearest(key, known))
    parse_policy(text, where=where)
