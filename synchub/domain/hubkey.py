"""The hub key: what an object that the hub creates carries, so that it is found again, also from an empty state.

`<hub id>:<token>`. The token is made of the record that founded the entity (source, stream, native key), so a state
that is rebuilt from the same sources makes the same tokens: xxh3-64 as 16 hexadecimal digits, told apart from what
people write into the same fields. Tokens of states from before that were the numbers of entities.
"""

from __future__ import annotations

import re

import xxhash

MOST = 3  # entities that one record founds in turn and is looked for as the founder of
_KEY = re.compile(r"(?P<hub>[A-Za-z0-9][A-Za-z0-9._-]{0,62}):(?:[0-9a-f]{16}|(?:[a-z]-?)?\d{1,19})")


def token(source: str, stream: str, key: str, again: int = 0) -> str:
    """Make the token of an entity from the record that founded it.

    Args:
        source: Configured name.
        stream: Stream of the source.
        key: Native key.
        again: How many other entities the record has founded before: it was split off, or went and came back.

    >>> token("mdm", "devices", "4f6c"), token("mdm", "devices", "4f6c", 1)
    ('003a4f6df3977d68', 'c2c39748f92bd9e7')
    """
    text = f"{source}\x1f{stream}\x1f{key}" + (f"\x1f{again}" if again else "")
    return xxhash.xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass"))


def hub_key(hub_id: str, token_: str) -> str:
    """Return what an object carries."""
    return f"{hub_id}:{token_}"


def hub_of(mark: object) -> str | None:
    """Return the id of the hub that owns an object by what a field of it holds; None when that is no hub key.

    >>> hub_of("acme:003a4f6df3977d68"), hub_of("acme:c-12"), hub_of("sccm:0815-xyz"), hub_of(None)
    ('acme', 'acme', None, None)
    """
    match = _KEY.fullmatch(mark) if isinstance(mark, str) else None
    return match["hub"] if match else None


def other_hub(mark: object, own: str) -> str | None:
    """Return the id of another hub that owns an object; None when it is ours, nobody's, or no hub key.

    Args:
        mark: What the object carries.
        own: A hub key of this hub.
    """
    owner = hub_of(mark)
    return owner if owner != own.rpartition(":")[0] else None
