"""Models, by their marketing name, and the identity of hardware as its firmware tells it."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from mapping.normalise.dictionaries import folded, load
from mapping.normalise.forms import tell_form
from mapping.normalise.makers import manufacturer as name_maker
from mapping.normalise.makers import says_nothing
from mapping.normalise.texts import LIMIT, Scalar, plain, unrounded

_APPLE = re.compile(r"(?:Mac|iMac|iPhone|iPad|AppleTV)[A-Za-z]{0,8}[0-9]{1,2},[0-9]{1,2}")
_MACHINE_TYPE = re.compile(r"(?=[A-Z]{0,3}[0-9])[0-9A-Z]{4,10}")
# A part or board number behind the name: `(EG828EC#ABA)` of HP, `-[7914AC1]-` of IBM, `(MS-B0A2)` of MSI,
# ` AAD41676-402` of Intel, and what lshw puts there: `(641016-B21)`, `(LENOVO_MT_2347)`, `(SKU Number)`.
_PART = re.compile(
    r" ?\((?:[A-Z0-9]{5,8}(?:#[A-Z0-9]{3})?|MS-[0-9A-Z]{4,6}|[0-9]{6}-[0-9A-Z]{3}|LENOVO_MT_[^()]{1,80}|SKU Number)\)$"
    r"| ?-?\[[A-Z0-9]{6,10}\]-?$"
    r"| (?:AA)?[A-Z][0-9]{5}-[0-9]{3}$"
)
_TAIL = re.compile(r"(?: (?:Notebook|Desktop|Laptop|Business|All-in-One|Base Model|Base Unit)){0,3} PC$", re.IGNORECASE)
_INCHES = re.compile(r" [0-9]{2}(?:\.[0-9])?(?:[ -]?inch|\")(?= .{0,12}\bG[0-9]{1,2}\b)", re.IGNORECASE)
_ORDINAL = re.compile(r" ([0-9]{1,2})(?:st|nd|rd|th)(?: Gen)?$")
_ASUS_SERIES = re.compile(r"_ASUS(?:Laptop|PC)?(?= )", re.IGNORECASE)
_WINDOWS_DOWNGRADE = re.compile(r" W10DG$")


@cache
def _apple() -> dict[str, str]:
    table: dict[str, str] = {}
    for family, models in load("apple").items():
        for name, numbers in models.items():
            table.update((f"{family}{number}", name) for number in numbers.split())
    return table


@cache
def _machine_types() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, types in load("models")["lenovo_machine_types"].items():
        table.update((machine_type, name) for machine_type in types.split())
    return table


@cache
def _brands(maker: str | None) -> tuple[str, ...]:
    book = load("models")
    words = book["common_brands"] if maker is None else [maker, *book["brands"].get(maker, ())]
    return tuple(sorted((word.casefold() for word in words), key=len, reverse=True))


@cache
def _spelling() -> dict[str, str]:
    return {family.casefold(): family for family in load("models")["spelling"]}


@cache
def _words(key: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in load("models")[key])


def _unbranded(name: str, maker: str | None) -> str:
    """Take the brand off the front, unless nothing but a number or an inseparable word would be left."""
    low = name.casefold()
    for brand in _brands(maker):
        if low.startswith(brand) and len(low) > len(brand) + 1 and low[len(brand)] in " -_":
            rest = name[len(brand) + 1 :].strip(" -_")
            if rest and (brand != "apple" or rest.split(" ", 1)[0].casefold() not in _words("inseparable")):
                return rest
    return name


def _untwinned(name: str) -> str:
    """Drop the repeated code of ASUS: `ZenBook UX463FA_UX463FA`."""
    head, _, tail = name.rpartition("_")
    return head if head and (head == tail or head.endswith(" " + tail)) else name


def _one_pass(name: str, maker: str | None) -> str:
    name = _unbranded(name, maker)
    if name[-1:] in ")]-0123456789":
        name = _PART.sub("", name) or name
    if name[-3:].casefold() == " pc":
        name = _TAIL.sub("", name) or name
    if "nch" in name or '"' in name:
        name = _INCHES.sub("", name)
    if "_" in name:
        name = _ASUS_SERIES.sub("", _untwinned(name))
    if name.startswith("Think"):
        name = _ORDINAL.sub(r" Gen \1", _WINDOWS_DOWNGRADE.sub("", name))
    first, blank, rest = name.partition(" ")
    return _spelling().get(first.casefold(), first) + blank + rest


@lru_cache(8192)
def _model(raw: str, maker: str | None) -> str | None:
    name = unrounded(plain(raw), "a model")
    if says_nothing(name):
        return None
    if _APPLE.fullmatch(name):
        return _apple().get(name, name)
    if maker in (None, "Lenovo", "IBM") and _MACHINE_TYPE.fullmatch(name) and len(name) in (4, 7, 8, 10):
        known = _machine_types().get(name[:4])
        if known and (maker or len(name) == 10):
            name = known
    for _ in range(6):
        shorter = _one_pass(name, maker)
        if shorter == name or not shorter.strip():
            break
        name = shorter.strip()
    return name


def model(value: Scalar, *, manufacturer: str | None = None) -> str | None:
    """Name a model as it is marketed: no brand in front, no `Notebook PC` or part number behind.

    Apple's identifiers (`MacBookPro18,1`) and Lenovo's order numbers (`20U2S6QQ00`) become the name where the
    dictionary knows it. What firmware left unfilled (`System Product Name`) gives None.

    Args:
        value: The raw model.
        manufacturer: Its manufacturer, raw or by dictionary name: its brand is taken off, too, and four-digit machine
            types are read.

    Raises:
        ValueError: Too long, not one value, or a number that a spreadsheet rounded (`6.37702E+15`).
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _model(value, name_maker(manufacturer) if manufacturer else None)


def _named_by_version(product: str, version: str, maker: str | None) -> str | None:
    """Find the name that Lenovo and IBM keep in the version field (`ThinkPad T480s` beside `20L8S5LK0M`)."""
    if not (_MACHINE_TYPE.fullmatch(product) or says_nothing(product) or " " not in product):
        return None
    if (" " not in version and "-" not in version) or not any(c.isalpha() for c in version):
        return None
    family = version.partition(" ")[0].casefold()
    if not _MACHINE_TYPE.fullmatch(product) and family not in _words("version_families"):
        return None
    name = _model(version, maker)
    return None if name is None or says_nothing(name) or name.casefold() in _words("version_families") else name


# Keyed by the raw values, each with its type, so that a machine seen before costs one look-up.
@lru_cache(4096, typed=True)
def _hardware(*raw: Any) -> tuple[str | None, str | None, str | None]:
    vendor, product, version, board_vendor, board, chassis = map(plain, raw)
    maker, board_maker = name_maker(vendor), name_maker(board_vendor)
    product = _PART.sub("", product) or product
    if maker in ("Lenovo", "IBM") and (name := _named_by_version(product, version, maker)):
        return maker, name, tell_form(chassis, name)
    if not says_nothing(product):
        maker = maker or board_maker
        name = _model(product, maker)
    else:
        built_for = maker and board_maker in _contract_makers()
        maker = maker if built_for else board_maker or maker
        name = _model(board, maker)
    if name and maker and folded(name) == folded(maker):
        name = None
    return maker, name, tell_form(chassis, name)


@cache
def _contract_makers() -> frozenset[str]:
    return frozenset(load("models")["contract_makers"])


def hardware_identity(
    sys_vendor: Any,
    product_name: Any,
    product_version: Any = None,
    board_vendor: Any = None,
    board_name: Any = None,
    chassis_type: Any = None,
) -> tuple[str | None, str | None, str | None]:
    """Tell manufacturer, model and form factor of a machine from what its firmware (SMBIOS) says.

    The base board answers where the system fields are unfilled (`System manufacturer`, `System Product Name`); Lenovo
    and IBM show the machine type as product and the name as version.

    Args:
        sys_vendor: System manufacturer (SMBIOS type 1).
        product_name: System product name (type 1).
        product_version: System version (type 1).
        board_vendor: Base board manufacturer (type 2).
        board_name: Base board product name (type 2).
        chassis_type: Chassis type as a word (`Notebook`) or as the SMBIOS number.

    Returns:
        Each None when nobody said it. The form factor is one of `synchub.domain.model.FormFactor`.

    Raises:
        ValueError: A value is too long, no scalar, or a number that a spreadsheet rounded.
    """
    try:
        return _hardware(sys_vendor, product_name, product_version, board_vendor, board_name, chassis_type)
    except TypeError:  # unhashable: a list or an object
        msg = "expected one value for each field of the firmware"
        raise ValueError(msg) from None


def hardware_manufacturer(
    value: Scalar, *, product: str | None = None, board_vendor: str | None = None, board: str | None = None
) -> str | None:
    """Name the manufacturer of a machine from its firmware, as `hardware_identity` does, for a field map.

    Args:
        value: System manufacturer.
        product: System product name: where it is unfilled, the base board answers.
        board_vendor: Base board manufacturer.
        board: Base board product name.

    Raises:
        ValueError: As for `hardware_identity`.
    """
    return hardware_identity(value, product, None, board_vendor, board)[0]


def hardware_model(
    value: Scalar,
    *,
    vendor: str | None = None,
    version: str | None = None,
    board_vendor: str | None = None,
    board: str | None = None,
) -> str | None:
    """Name the model of a machine from its firmware, as `hardware_identity` does, for a field map.

    Args:
        value: System product name.
        vendor: System manufacturer.
        version: System version, in which Lenovo keeps the name.
        board_vendor: Base board manufacturer.
        board: Base board product name.

    Raises:
        ValueError: As for `hardware_identity`.
    """
    return hardware_identity(vendor, value, version, board_vendor, board)[1]
