"""Values of attributes: which are accepted, how they are stored, how they are shown.

Sources: `ObjectAttributeValueIn` and `ObjectTypeAttribute` of the Assets specification (read 2026-11-22): text, ISO
8601 dates, object keys (clients in public repositories also send object ids, which are taken too), account ids,
status ids. `displayValue` of dates follows the settings of the user, so it is deliberately no ISO date.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from simulators.jira.access import Access
from simulators.jira.call import stamp
from simulators.jira.store import DEFAULT, REFERENCE, STATUS, USER, Attribute, Obj, Store

MAX_TEXT = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URL = re.compile(r"https?://\S+")


class Values:
    """Checks and renders the values of one workspace.

    Args:
        store: The workspace.
        access: For values of type user.
        base: Address that links start with.
    """

    def __init__(self, store: Store, access: Access, base: Callable[[], str]) -> None:
        self._store = store
        self._access = access
        self._base = base
        self._checks: dict[int, Callable[[Attribute, str], str]] = {
            0: _text, 1: _integer, 2: _boolean, 3: _double, 4: _date, 5: _time, 6: _moment, 7: _url, 8: _email,
            9: lambda _about, text: text, 10: _select, 11: _address,
        }  # fmt: skip

    # -- in ---------------------------------------------------------------

    def take(self, about: Attribute, sent: list[object], schema: int, owner: int = 0) -> list[str]:
        """Check the values of one attribute and bring them to the stored form.

        Raises:
            ValueError: What is wrong, in the words the vendor might use.
        """
        if not all(isinstance(value, str) for value in sent):
            msg = f"{about.name}: value provided is invalid"
            raise ValueError(msg)
        texts = [self._one(about, str(value), schema) for value in sent if value != ""]
        if len(set(texts)) != len(texts):
            msg = f"{about.name} has duplicated value"
            raise ValueError(msg)
        if 0 <= about.most < len(texts):
            msg = f"{about.name} can only contain max {about.most} value(s)"
            raise ValueError(msg)
        if len(texts) < about.least:
            msg = f"{about.name} is required" if about.least == 1 else f"{about.name} needs {about.least} values"
            raise ValueError(msg)
        if about.unique and any(self._store.holders(about.id, text) - {owner} for text in texts):
            msg = f"{about.name} must be unique: another object has this value"
            raise ValueError(msg)
        return texts

    def _one(self, about: Attribute, text: str, schema: int) -> str:
        if about.kind == DEFAULT:
            return self._checks[about.default_type](about, text)
        if about.kind == REFERENCE:
            return self._reference(about, text)
        if about.kind == USER:
            account = self._access.accounts.get(text)
            if account is None:
                msg = f"User(s) {text[:60]} not found in Jira"
                raise ValueError(msg)
            return text
        if about.kind == STATUS:
            status = self._store.statuses.get(int(text)) if text.isdigit() and text.isascii() else None
            if status is None or status.schema not in (0, schema):
                msg = f"{about.name}: value provided is invalid"
                raise ValueError(msg)
            return str(status.id)
        return text

    def _reference(self, about: Attribute, text: str) -> str:
        number = self._store.by_key.get(text) or (int(text) if text.isdigit() and text.isascii() else 0)
        obj = self._store.objects.get(number)
        allowed = set(self._store.children(about.target)) if about.with_children else {about.target}
        if obj is None or obj.type not in allowed:
            msg = f"{about.name}: invalid due to restrictions: {text[:60]}"
            raise ValueError(msg)
        return str(obj.id)

    # -- out --------------------------------------------------------------

    def shown(self, about: Attribute, texts: list[str]) -> str:
        """Render values as people read them, for history and search."""
        return ", ".join(self.display(about, text) for text in texts)

    def display(self, about: Attribute, text: str) -> str:
        """Render one value as people read it."""
        if about.kind == DEFAULT:
            return _shown(about.default_type, text)
        if about.kind == REFERENCE:
            obj = self._store.objects.get(int(text))
            return self._store.label(obj) if obj else ""
        if about.kind == USER:
            account = self._access.accounts.get(text)
            return account.name if account else text
        if about.kind == STATUS:
            return self._store.statuses[int(text)].name if int(text) in self._store.statuses else text
        return text

    def search(self, about: Attribute, text: str) -> str:
        """Return what a search compares with: for references the key."""
        if about.kind == REFERENCE:
            obj = self._store.objects.get(int(text))
            return obj.key if obj else ""
        if about.kind == STATUS:
            return self.display(about, text)
        return text

    def of(self, obj: Obj, about: Attribute) -> list[str]:
        """List the stored values of an attribute, also of those that Assets keeps."""
        if about.system:
            moment = obj.created if about.name == "Created" else obj.updated
            return [obj.key] if about.name == "Key" else [stamp(moment)]
        return obj.values.get(about.id, [])

    def render(self, about: Attribute, text: str, visible: Callable[[Obj], bool], refer: Any) -> dict[str, Any] | None:
        """Render one value; None for a reference to what the caller may not see."""
        shown = {"displayValue": self.display(about, text), "searchValue": self.search(about, text)}
        if about.kind == REFERENCE:
            obj = self._store.objects.get(int(text))
            if obj is None or not visible(obj):
                return None
            return {"referencedObject": refer(obj), **shown, "referencedType": True}
        if about.kind == USER:
            return {"value": text, "user": self.user(text), **shown, "referencedType": False}
        if about.kind == STATUS:
            status = self._store.statuses[int(text)]
            inner: dict[str, Any] = {"id": str(status.id), "name": status.name, "category": status.category}
            if status.schema:
                inner["objectSchemaId"] = str(status.schema)
            return {"value": text, "status": inner, **shown, "referencedType": False}
        return {"value": text, **shown, "referencedType": False}

    def user(self, account_id: str) -> dict[str, Any]:
        """Render a person as Assets does."""
        account = self._access.accounts.get(account_id)
        if account is None:
            return {"displayName": "Former user", "key": account_id, "name": account_id, "isDeleted": True}
        found = {
            "avatarUrl": f"{self._base()}/avatar/{account_id}", "displayName": account.name, "name": account_id,
            "key": account_id, "isDeleted": not account.active,
        }  # fmt: skip
        if account.shown and account.email:
            found["emailAddress"] = account.email
        return found


def _invalid(about: Attribute, text: str) -> ValueError:
    return ValueError(f"{about.name}: value provided is invalid: {text[:60]}")


def _text(about: Attribute, text: str) -> str:
    if len(text) >= MAX_TEXT:
        msg = f"{about.name} must be less than {MAX_TEXT} characters"
        raise ValueError(msg)
    if about.regex and not re.fullmatch(about.regex, text):
        raise _invalid(about, text)
    return text


def _integer(about: Attribute, text: str) -> str:
    if not re.fullmatch(r"-?\d{1,10}", text, re.ASCII) or not -(2**31) <= int(text) < 2**31:
        raise _invalid(about, text)
    return str(int(text))


def _boolean(about: Attribute, text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise _invalid(about, text)
    return text.lower()


def _double(about: Attribute, text: str) -> str:
    if not re.fullmatch(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise _invalid(about, text)
    return repr(float(text))


def _date(about: Attribute, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _invalid(about, text) from None


def _time(about: Attribute, text: str) -> str:
    try:
        return time.fromisoformat(text).isoformat("minutes")
    except ValueError:
        raise _invalid(about, text) from None


def _moment(about: Attribute, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(about, text) from None
    return stamp(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _url(about: Attribute, text: str) -> str:
    if not _URL.fullmatch(text):
        raise _invalid(about, text)
    return text


def _email(about: Attribute, text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise _invalid(about, text)
    return text


def _select(about: Attribute, text: str) -> str:
    if text not in [option.strip() for option in about.options.split(",")]:
        msg = f"Invalid values for {about.name}: {text[:60]}"
        raise ValueError(msg)
    return text


def _address(about: Attribute, text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise _invalid(about, text) from None
    return text


def _shown(default_type: int, text: str) -> str:
    """Render a date for people (`16/Feb/21 8:04 PM`)."""
    if default_type not in (4, 6):
        return text
    moment = datetime.fromisoformat(text)
    day = f"{moment.day:02d}/{moment:%b/%y}"
    return day if default_type == 4 else f"{day} {moment.hour % 12 or 12}:{moment:%M %p}"
