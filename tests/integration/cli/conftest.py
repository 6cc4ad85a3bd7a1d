"""A small desk: four files, a simulated ServiceNow, and the command line in this process."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.servicenow import ServiceNow
from synchub.cli.main import run

CANARY = "s3cr3t-canary-5b1d"
HOSTILE = "\x1b[31mred\x1b[0m \u202egnp.exe <script>alert(1)</script> [bold]x[/bold] | *a*"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def synchub(*arguments: str) -> Ran:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    return Ran(code, out.getvalue(), err.getvalue())


class Desk:
    """A folder with drops and a configuration; `rows` are the records by file."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.config = folder / "synchub.yaml"
        shipped = {"orders": _ORDERS, "people": _PEOPLE, "devices": _DEVICES}
        self.rows: dict[str, list[dict[str, Any]]] = copy.deepcopy(shipped)  # tests change single values
        self.mode = "preview"
        self.changes: dict[str, Any] = {}
        self.write()

    def write(self) -> None:
        """Write drops and configuration."""
        for name, rows in self.rows.items():
            (self.folder / f"{name}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.config.write_text(yaml.safe_dump(self.settings() | self.changes, sort_keys=False))

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        streams = {"erp": ("orders", "purchase_order_lines", "procurement"), "hr": ("people", "employees", "hr"),
                   "mdm": ("devices", "devices", "mdm")}  # fmt: skip
        return {
            "version": 1,
            "hub": {"id": "acme-test", "timezone": "Europe/Berlin"},
            "state": "sqlite:///state.db",
            "sources": {
                name: {
                    "connector": "files",
                    "root": ".",
                    "role": role,
                    "streams": {stream: {"glob": f"{file}.ndjson", "complete_when": "always"}},
                }
                for name, (file, stream, role) in streams.items()
            },
            "targets": {
                "snow": {
                    "connector": "servicenow",
                    "url": self.url,
                    "auth": {"user": "hub", "password": "env:SNOW_PASSWORD"},
                    "mode": self.mode,
                }
            },
        }

    def run(self, *arguments: str) -> Ran:
        """Run a command with this configuration."""
        groups = ("map", "db", "holds", "absent", "conflicts", "rules")
        head = 2 if arguments[0] in groups or arguments[:2] == ("plan", "show") else 1
        return synchub(*arguments[:head], "--config", str(self.config), *arguments[head:])

    def token(self) -> str:
        """Plan, and return the plan's token."""
        return str(self.run("plan", "--json").document["targets"]["snow"]["plan"])


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    """A running instance that knows two makers and two models."""
    with ServiceNow(seed=3, validate=True) as running:
        [dell] = running.seed("core_company", [{"name": "Dell", "manufacturer": "true"}])
        running.seed("cmdb_hardware_product_model", [{"name": "Latitude 7450", "manufacturer": dell}])
        yield running


@pytest.fixture
def desk(tmp_path: Path, sim: ServiceNow, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose secret is in the environment."""
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")
    return Desk(tmp_path, sim.url)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk without targets."""
    monkeypatch.setenv("SNOW_PASSWORD", CANARY)
    desk = Desk(tmp_path, "https://snow.example")
    desk.changes = {"targets": {}}
    desk.write()
    return desk


_ORDERS: list[dict[str, Any]] = [
    {
        "po_line_id": f"PO-1-{n}", "po_number": "PO-1", "line_no": n, "vendor": "CDW", "manufacturer": "Dell",
        "model": "Latitude 7450", "serial_number": f"5CGTEST{n}", "quantity": 1, "unit_price": "354.30",
        "currency": "EUR", "order_date": "2024-11-17", "received_date": "2024-12-17", "cost_center": "CC1017",
        "ship_to_location": "BER-01", "requested_for_email": "ben.kim@corp.example", "status": "received",
        "updated_at": "2025-04-11T16:13:10Z",
    }
    for n in (1, 2, 3)
]  # fmt: skip
_PEOPLE: list[dict[str, Any]] = [
    {
        "employee_id": f"E10000{n}", "first_name": given, "last_name": family,
        "email": f"{given}.{family}@corp.example".lower(),
        "user_principal_name": f"{given}.{family}@corp.example".lower(), "department": "Finance",
        "job_title": "Analyst", "status": "active", "hire_date": "2021-07-22", "updated_at": "2025-01-13T06:10:37Z",
    }
    for n, (given, family) in enumerate([("Anna", "Novak"), ("Ben", "Kim")], 1)
]  # fmt: skip
_DEVICES: list[dict[str, Any]] = [
    {
        "id": f"00000000-0000-4000-8000-00000000000{n}", "deviceName": f"NB-TEST{n}",
        "userPrincipalName": " Anna.Novak@CORP.example ", "managedDeviceOwnerType": "company",
        "enrolledDateTime": "2025-06-17T12:06:41Z", "lastSyncDateTime": "2026-11-20T00:28:15Z",
        "operatingSystem": "Windows", "osVersion": "10.0.22631.3593", "complianceState": "compliant",
        "manufacturer": "Dell Inc.",
        "model": "Latitude 7450", "serialNumber": f"5CGTEST{n}", "wiFiMacAddress": f"71456CD215B{n}",
        "isEncrypted": True, "totalStorageSpaceInBytes": 512000000000,
        "physicalMemoryInBytes": 17179869184, "managementState": "managed",
    }
    for n in (1, 2)
]  # fmt: skip


def people_and_devices(desk: Desk, people: int, devices: int) -> Desk:
    """Fill a desk in mode write: everybody but the first has a manager, every device a user and an order line."""
    names = [f"P{n:03}" for n in range(people)]
    desk.rows = {
        "people": [
            {**_PEOPLE[0], "employee_id": f"E2{n:05}", "first_name": name, "last_name": f"Fam{name}",
             "email": f"{name}@corp.example".lower(), "user_principal_name": f"{name}@corp.example".lower(),
             "manager_employee_id": f"E2{(n - 1) // 3:05}" if n else ""}
            for n, name in enumerate(names)
        ],
        "devices": [
            {**_DEVICES[0], "id": f"00000000-0000-4000-8000-0000000{n:05}", "deviceName": f"NB-{n:05}",
             "serialNumber": f"5CG7K{n:04}QX", "wiFiMacAddress": f"71456CD{n:05X}",
             "userPrincipalName": f"{names[n % people]}@corp.example"}
            for n in range(devices)
        ],
        "orders": [
            {**_ORDERS[0], "po_line_id": f"PO-2-{n}", "po_number": "PO-2", "line_no": n,
             "serial_number": f"5CG7K{n:04}QX", "requested_for_email": ""}
            for n in range(devices)
        ],
    }  # fmt: skip
    desk.mode = "write"
    desk.changes |= {"guards": {"default": {}}}
    desk.write()
    return desk
