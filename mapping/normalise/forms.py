"""Form factors, from the chassis type and the family of the model."""

from __future__ import annotations

import re
from functools import cache

from mapping.normalise.dictionaries import load
from mapping.normalise.texts import Scalar, plain


@cache
def _chassis() -> dict[str, str]:
    table = {word: form for form, words in load("forms")["chassis"].items() for word in words}
    return (
        {"workstation": "workstation", "thin_client": "thin_client", "phone": "phone"}
        | {form: form for form in table.values()}
        | table
    )


@cache
def _families() -> tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]:
    rules = []
    for rule in load("forms")["families"]:
        pattern = rf"(?:{'|'.join(map(re.escape, rule['words']))})(?![^\W\d_])"
        if "anywhere" in rule:
            pattern += rf"|.*\b(?:{'|'.join(map(re.escape, rule['anywhere']))})\b"
        rules.append((rule["form"], re.compile(pattern, re.IGNORECASE), frozenset(rule.get("only_if", ()))))
    return tuple(rules)


def tell_form(chassis: str, model: str | None) -> str | None:
    """Tell the form factor of a machine.

    Args:
        chassis: Chassis type as a word or SMBIOS number; empty when not known. Firmware of many boards says `Desktop`
            because nobody changed it, so a family that leaves no doubt corrects it.
        model: Model by its marketing name.

    Returns:
        One of `synchub.domain.model.FormFactor`, or None.
    """
    form = _chassis().get(chassis.strip().lower(), "")
    if not model:
        return form or None
    for family, words, only_if in _families():
        if (not only_if or form in only_if) and words.match(model):
            return family
    return form or None


def form_factor(value: Scalar, *, model: str | None = None) -> str | None:
    """Tell the form factor from the chassis type (a word, or the SMBIOS number), corrected by the model's family.

    Args:
        value: Chassis type. Words that say nothing (`Other`) and unknown ones count as not known.
        model: Model by its marketing name.

    Raises:
        ValueError: Too long, or not one value.
    """
    chassis = plain(value)
    return tell_form(chassis, plain(model) if model else None) if chassis or model else None
