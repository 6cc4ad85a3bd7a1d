"""The canonical class of a thing, from what a source says about it in words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from mapping.normalise.dictionaries import load
from mapping.normalise.forms import tell_form
from mapping.normalise.systems import os_name as name_system
from mapping.normalise.texts import plain

_FORM_CLASS = {
    "laptop": "computer", "desktop": "computer", "workstation": "computer", "thin_client": "computer",
    "all_in_one": "computer",
    "tablet": "mobile_device", "phone": "mobile_device", "rack": "server", "blade": "server", "tower": "server",
}  # fmt: skip
_LONGEST = 1000


def _word(word: str) -> str:
    open_end = word.endswith("*")
    body = re.escape(word.rstrip("*")).replace(r"\ ", "[ _-]")
    return body if open_end else rf"{body}(?![^\W_])"


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (rule["is"], re.compile(rf"(?<![^\W_])(?:{'|'.join(_word(word) for word in rule['words'])})", re.IGNORECASE))
        for rule in load("classes")["rules"]
    )


@cache
def _class_of_system() -> dict[str, str]:
    return {name: cls for cls, names in load("classes")["systems"].items() for name in names}


@lru_cache(8192)
def _device_class(texts: tuple[str, ...], chassis: str, system: str) -> str | None:
    said = " | ".join(texts)
    by_words = next((cls for cls, words in _rules() if words.search(said)), None)
    if by_words == "virtual_machine":
        return by_words
    by_system = _class_of_system().get(name_system(system) or "") if system else None
    if by_system in ("mobile_device", "network_device", "storage"):
        return by_system
    if by_words is not None and by_words != "computer":
        return by_words
    by_chassis = _FORM_CLASS.get(tell_form(chassis, None) or "") if chassis else None
    if by_chassis == "mobile_device" and by_system == "computer":
        return "computer"
    if by_system == "server" and by_words is None:
        return "server"
    return by_words or by_chassis or by_system


def device_class(*texts: Any, chassis: Any = None, os_name: Any = None) -> str | None:
    """Tell the canonical class of a device from words (model, description …), chassis and operating system.

    Precision before recall: None where nothing was recognised, so that the map's own rule decides.

    Args:
        texts: What the source says, most telling first; None and empty ones are passed over, and 1,000 characters of
            each are read.
        chassis: SMBIOS chassis type, as a word or number.
        os_name: Operating system as the source names it.

    Returns:
        A class of `synchub.domain.model.CLASSES`, or None.

    Raises:
        ValueError: A value is a list or an object.
    """
    said = tuple(
        tidy
        for text in texts
        if text is not None and (tidy := plain(text if text.__class__ is not str else text[:_LONGEST], _LONGEST))
    )
    return _device_class(
        said, plain(chassis) if chassis is not None else "", plain(os_name) if os_name is not None else ""
    )
