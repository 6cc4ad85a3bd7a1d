"""Countries and currencies, as codes."""

from __future__ import annotations

from functools import cache, lru_cache

from mapping.normalise.dictionaries import folded, load
from mapping.normalise.texts import LIMIT, Scalar, plain


@cache
def _countries() -> dict[str, str]:
    table: dict[str, str] = {}
    for code, names in load("countries").items():
        for name in (code, *names):
            table[folded(name)] = code
    return table


@cache
def _currencies() -> dict[str, str]:
    book = load("currencies")
    table = {code.casefold(): code for code in book["codes"].split()}
    for code, names in book["names"].items():
        table.update((name.casefold(), code) for name in names)
    return table


@lru_cache(2048)
def _country(raw: str) -> str | None:
    tidy = plain(raw)
    if not tidy:
        return None
    code = _countries().get(folded(tidy))
    if code is None:
        msg = "expected a country by its ISO 3166 code or name"
        raise ValueError(msg)
    return code


def country(value: Scalar) -> str | None:
    """Read a country by code or name and write its ISO 3166-1 alpha-2 code (`DE`).

    Raises:
        ValueError: No country of the dictionary.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _country(value)


@lru_cache(2048)
def _currency(raw: str, dollar: str | None) -> str | None:
    tidy = plain(raw)
    if not tidy:
        return None
    code = dollar if tidy == "$" and dollar else _currencies().get(tidy.casefold())
    if code is None:
        msg = "expected a currency by its ISO 4217 code" + (
            "; say which dollar is meant (dollar: USD)" if tidy == "$" else ""
        )
        raise ValueError(msg)
    return code


def currency(value: Scalar, *, dollar: str | None = None) -> str | None:
    """Read a currency by code, name or unmistakable sign and write its ISO 4217 code (`EUR`).

    Args:
        value: The raw value.
        dollar: What a bare `$` means in this source, for example `"USD"`; without it `$` is refused.

    Raises:
        ValueError: No currency of ISO 4217, or a sign that several share.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _currency(value, dollar)
