"""How people and systems spoil a value. Every function draws from the generator it is given."""

from __future__ import annotations

import unicodedata
from random import Random

from simulators.estate.catalogue import ALIASES, PLACEHOLDERS

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
HEX = "0123456789abcdef"


def text(rng: Random, length: int) -> str:
    """Return upper-case letters and digits."""
    return "".join(rng.choices(LETTERS, k=length))


def digits(rng: Random, length: int) -> str:
    """Return decimal digits."""
    return "".join(rng.choices("0123456789", k=length))


def hexa(rng: Random, length: int) -> str:
    """Return lower-case hexadecimal digits."""
    return "".join(rng.choices(HEX, k=length))


def guid(rng: Random) -> str:
    """Return a random UUID (version 4) in lower case."""
    h = hexa(rng, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{rng.choice('89ab')}{h[17:20]}-{h[20:]}"


def spelled(rng: Random, serial: str) -> str:
    """Return the same serial in another spelling."""
    return rng.choice(
        (
            serial.lower(),
            serial + " ",
            "  " + serial,
            "S/N: " + serial,
            serial[:4] + "-" + serial[4:],
            serial[:3] + " " + serial[3:].lower(),
        )
    )


def mistyped(rng: Random, serial: str) -> str:
    """Return a serial with one wrong character."""
    at = rng.randrange(len(serial))
    return serial[:at] + rng.choice([c for c in LETTERS if c != serial[at]]) + serial[at + 1 :]


def soil_serial(rng: Random, serial: str, *, spelling: float, blank: float, placeholder: float, typo: float) -> str:
    """Return what a source holds for a serial; the arguments are the shares of each kind of dirt."""
    draw = rng.random()
    if draw < spelling:
        return spelled(rng, serial)
    if draw < spelling + blank:
        return ""
    if draw < spelling + blank + placeholder:
        return rng.choice(PLACEHOLDERS)
    if draw < spelling + blank + placeholder + typo:
        return mistyped(rng, serial)
    return serial


def alias(rng: Random, manufacturer: str) -> str:
    """Return a manufacturer under one of its names."""
    return rng.choice(ALIASES.get(manufacturer, (manufacturer,)))


def mac(value: str, separator: str = ":", *, upper: bool = False) -> str:
    """Write twelve hexadecimal digits in one of the usual notations; a dot groups by four."""
    size = 4 if separator == "." else 2
    written = separator.join(value[i : i + size] for i in range(0, 12, size)) if separator else value
    return written.upper() if upper else written


def swapped(uuid: str) -> str:
    """Return a UUID with the byte order of its first three fields turned round, as some firmware prints it."""
    parts = uuid.split("-")
    turned = ["".join(reversed([p[i : i + 2] for i in range(0, len(p), 2)])) for p in parts[:3]]
    return "-".join([*turned, *parts[3:]])


def ascii_of(name: str) -> str:
    """Write a name as a mail address would."""
    for accent, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ł", "l"), ("Ł", "L"), ("'", "")):
        name = name.replace(accent, plain)
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


def german(cents: int, *, grouped: bool = False) -> str:
    """Write an amount of cents in German form: `1249,00` or `1.249,00`."""
    whole, part = divmod(cents, 100)
    return (f"{whole:,}".replace(",", ".") if grouped else str(whole)) + f",{part:02d}"
