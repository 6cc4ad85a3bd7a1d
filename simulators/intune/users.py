"""The user of Graph v1.0 as far as the simulator knows it (resource page `user`, read 2026-11-22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a request without $select returns.
DEFAULTS: dict[str, Any] = {
    "businessPhones": [],
    "displayName": None,
    "givenName": None,
    "jobTitle": None,
    "mail": None,
    "mobilePhone": None,
    "officeLocation": None,
    "preferredLanguage": None,
    "surname": None,
    "userPrincipalName": "",
    "id": "",
}
ON_SELECT: dict[str, Any] = {
    "accountEnabled": True,
    "companyName": None,
    "department": None,
    "employeeHireDate": None,
    "employeeId": None,
    "employeeType": None,
    "onPremisesSamAccountName": None,
    "usageLocation": None,
    "userType": "Member",
}
FILTERS: dict[str, frozenset[str]] = {
    "accountEnabled": frozenset({"eq", "or"}),
    "department": frozenset({"eq", "startswith", "or"}),
    "displayName": frozenset({"eq", "startswith", "or"}),
    "employeeId": frozenset({"eq", "startswith", "or"}),
    "givenName": frozenset({"eq", "startswith", "or"}),
    "id": frozenset({"eq", "or"}),
    "mail": frozenset({"eq", "startswith", "or"}),
    "surname": frozenset({"eq", "startswith", "or"}),
    "userPrincipalName": frozenset({"eq", "startswith", "or"}),
    "userType": frozenset({"eq", "or"}),
}


def shown(user: Mapping[str, Any], select: list[str] | None) -> dict[str, Any]:
    """Show a user: eleven properties, or exactly those selected."""
    every = ON_SELECT | DEFAULTS | dict(user)
    return {name: every[name] for name in (select or DEFAULTS)}
