"""People: names, e-mail addresses, logins. Nothing is kept between calls, because all of it is personal."""

from __future__ import annotations

import re
import unicodedata

from mapping.normalise.texts import Scalar, plain

_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\]{1,255}")
_BRACKETED = re.compile(r"[^<>]{0,200}<([^<>]{1,320})>")
_SCHEME = re.compile(r"(?:(?:mailto|smtp|sip):\s?)+")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "msc", "mba"})
# Written small inside a name; never the first word.
_PARTICLES = frozenset(
    {
        "al",
        "bin",
        "bint",
        "da",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "e",
        "el",
        "la",
        "le",
        "ten",
        "ter",
        "van",
        "von",
        "y",
        "zu",
        "zum",
        "zur",
    }
)
_PHONE_SIGNS = dict.fromkeys(map(ord, "()-/.\u2010\u2011\u2012\u2013"), " ")
_PHONE = re.compile(r"\+?[0-9]+(?: [0-9]+)*")
_WORD = re.compile(r"[^\W\d_]+")


def _one_case(name: str) -> str:
    words = name.split(" ")
    done = [_WORD.sub(lambda m: m[0].capitalize(), w) for w in words]
    for i, word in enumerate(words):
        if i and word.lower() in _PARTICLES:
            done[i] = word.lower()
    return unicodedata.normalize("NFC", " ".join(done))


def person_name(value: Scalar) -> str | None:
    """Write a name as `Given Family`: `Novak, Anna` is turned round, `ANNA NOVAK` and `anna novak` get their capitals.

    A name with capitals and small letters keeps them (`McDonald`, `van der Berg`).

    Raises:
        ValueError: Too long, or not one value.
    """
    name = plain(value)
    family, comma, given = name.partition(",")
    if comma and "," not in given and given.strip().rstrip(".").replace(".", "").lower() not in _SUFFIXES:
        name = f"{given.strip()} {family.strip()}".strip()
    if len(name) > 2 and (name.isupper() or name.islower()):
        name = _one_case(name)
    return name or None


def email(value: Scalar) -> str | None:
    """Read an e-mail address, lower case; `mailto:`, `SMTP:` and a display name around it go.

    Raises:
        ValueError: No address, or more than one.
    """
    low = plain(value).lower()
    if not low:
        return None
    if "<" in low and (bracketed := _BRACKETED.fullmatch(low)):
        low = bracketed[1].strip()
    if ":" in low and (scheme := _SCHEME.match(low)):
        low = low[scheme.end() :]
    if not low.isascii():
        low = unicodedata.normalize("NFC", low)
    if not _EMAIL.fullmatch(low):
        msg = "expected one e-mail address"
        raise ValueError(msg)
    return low


def login(value: Scalar) -> str | None:
    r"""Read a login name, lower case; `CORP\anna` is `anna`, a user principal name stays whole.

    Raises:
        ValueError: Blanks inside: a display name, not a login.
    """
    low = unicodedata.normalize("NFC", plain(value).lower().rpartition("\\")[2].strip())
    if " " in low:
        msg = "expected a login without blanks"
        raise ValueError(msg)
    return low or None


def person(value: Scalar) -> str | None:
    r"""Read a reference to a person as the identity that the source gives: an e-mail address or login, in its form.

    Raises:
        ValueError: A display name, which identifies nobody.
    """
    tidy = plain(value).rpartition("\\")[2]
    return email(tidy) if "@" in tidy else login(tidy)


def phone(value: Scalar) -> str | None:
    """Tidy a telephone number: a `+` where there was one, digits, single blanks; `tel:`, brackets and dashes go.

    `00` in front is `+`. Numbers without a country code stay as they are: whose country is meant is not known here.

    Raises:
        ValueError: Fewer than 3 or more than 20 digits, or letters.
    """
    low = plain(value).lower().removeprefix("tel:").replace("(0)", " ")
    tidy = " ".join(low.translate(_PHONE_SIGNS).split())
    if not tidy:
        return None
    if tidy.startswith("00"):
        tidy = "+" + tidy[2:].lstrip()
    if not _PHONE.fullmatch(tidy) or not 3 <= sum(map(str.isdigit, tidy)) <= 20:
        msg = "expected a telephone number"
        raise ValueError(msg)
    return tidy
