"""The managedDevice of Graph v1.0: its properties, their defaults, what a LIST hides and what may be filtered.

Source: annotations of `v1.0-Prod.csdl` (microsoftgraph/msgraph-metadata, read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSET_TIME = "0001-01-01T00:00:00Z"

# What a LIST, and a GET without $select, shows instead of the value.
HIDDEN_IN_LIST: dict[str, Any] = {
    "activationLockBypassCode": None,
    "ethernetMacAddress": None,
    "iccid": "",
    "notes": None,
    "physicalMemoryInBytes": 0,
    "remoteAssistanceSessionUrl": "",
    "udid": "",
}

DEFAULTS: dict[str, Any] = {
    "id": "",
    "userId": "",
    "deviceName": "",
    "managedDeviceOwnerType": "unknown",
    "enrolledDateTime": UNSET_TIME,
    "lastSyncDateTime": UNSET_TIME,
    "operatingSystem": "",
    "complianceState": "unknown",
    "jailBroken": "",
    "managementAgent": "unknown",
    "osVersion": "",
    "easActivated": False,
    "easDeviceId": None,
    "easActivationDateTime": UNSET_TIME,
    "azureADRegistered": None,
    "deviceEnrollmentType": "unknown",
    "activationLockBypassCode": None,
    "emailAddress": "",
    "azureADDeviceId": "00000000-0000-0000-0000-000000000000",
    "deviceRegistrationState": "notRegistered",
    "deviceCategoryDisplayName": "",
    "isSupervised": False,
    "exchangeLastSuccessfulSyncDateTime": UNSET_TIME,
    "exchangeAccessState": "none",
    "exchangeAccessStateReason": "none",
    "remoteAssistanceSessionUrl": "",
    "remoteAssistanceSessionErrorDetails": "",
    "isEncrypted": False,
    "userPrincipalName": "",
    "model": "",
    "manufacturer": "",
    "imei": None,
    "complianceGracePeriodExpirationDateTime": UNSET_TIME,
    "serialNumber": "",
    "phoneNumber": "",
    "androidSecurityPatchLevel": "",
    "userDisplayName": "",
    "configurationManagerClientEnabledFeatures": None,
    "wiFiMacAddress": "",
    "deviceHealthAttestationState": None,
    "subscriberCarrier": "",
    "meid": "",
    "totalStorageSpaceInBytes": 0,
    "freeStorageSpaceInBytes": 0,
    "managedDeviceName": "",
    "partnerReportedThreatState": "unknown",
    "requireUserEnrollmentApproval": None,
    "managementCertificateExpirationDate": UNSET_TIME,
    "iccid": "",
    "udid": "",
    "notes": None,
    "ethernetMacAddress": None,
    "physicalMemoryInBytes": 0,
    "enrollmentProfileName": "",
    "managementState": "managed",
    "deviceActionResults": [],
}

# Property -> operators of $filter that the metadata documents (`or` joins conditions on such properties).
FILTERS: dict[str, frozenset[str]] = {
    "azureADDeviceId": frozenset({"eq"}),
    "complianceGracePeriodExpirationDateTime": frozenset({"lt", "gt"}),
    "complianceState": frozenset({"eq", "or"}),
    "deviceCategoryDisplayName": frozenset({"eq", "or"}),
    "deviceName": frozenset({"eq", "contains"}),
    "emailAddress": frozenset({"contains"}),
    "enrolledDateTime": frozenset({"lt", "gt"}),
    "exchangeAccessState": frozenset({"eq", "or"}),
    "imei": frozenset({"eq", "or"}),
    "jailBroken": frozenset({"eq", "or"}),
    "lastSyncDateTime": frozenset({"lt", "gt"}),
    "managementAgent": frozenset({"eq", "or"}),
    "managementState": frozenset({"eq", "or"}),
    "manufacturer": frozenset({"eq", "or"}),
    "model": frozenset({"eq", "contains"}),
    "operatingSystem": frozenset({"eq", "or"}),
    "osVersion": frozenset({"contains"}),
    "phoneNumber": frozenset({"contains"}),
    "serialNumber": frozenset({"eq", "or"}),
    "userPrincipalName": frozenset({"eq", "ne"}),
}


def listed(device: Mapping[str, Any], select: list[str] | None) -> dict[str, Any]:
    """Show a device as a LIST does: hidden properties at their default even when they are selected."""
    shown = DEFAULTS | dict(device) | HIDDEN_IN_LIST
    return shown if select is None else {name: shown[name] for name in select}


def single(device: Mapping[str, Any], select: list[str] | None) -> dict[str, Any]:
    """Show a device as GET by id does: hidden properties have their value only when they are selected."""
    if select is None:
        return listed(device, None)
    shown = DEFAULTS | dict(device)
    return {name: shown[name] for name in select}
