"""A seeded, dirty IT estate: what procurement, HR, MDM, discovery and a half-filled ServiceNow say of the same things.

Everything is invented and follows from `seed` and the sizes alone; no clock and no file is read. Sketch of use:

    estate = build(seed=42, people=2000, devices=3000)    # holdings=Holdings(...): ServiceNow by exact counts
    drops = estate.write(folder)                # drops.erp, drops.hr, drops.agents: folders with files
    Intune(estate.intune_devices, users=estate.intune_users)
    BambooHR(employees(estate))                 # simulators.estate.bamboohr: the people over HTTP instead of as files
    load(estate, ServiceNow(...))               # seeds estate.servicenow: {table: [row, ...]}, strings, sys_ids
    load_assets(estate, Jira(...))              # fills a schema ITAM with estate.assets, adds Atlassian accounts
    estate.truth.device_of("mdm", native_key)   # which device a source record is about
    later = mutate(estate, percent=1)           # exactly round(1 %) of each source's records, one field each
    later.changes                               # [Change(source, key, field, before, after), ...]
    later.write(folder)                         # rewrites only the files that changed

Sources and their native keys (also the keys of the truth):

    procurement  `po_line_id`   erp/po_*.csv        `;`, decimal comma, German dates, cp1252 and UTF-8 with BOM;
                                erp/manifest.json   rows and checksum per file
    hr           `employee_id`  hr/employees.ndjson (or .csv), hr/manifest.json
    mdm          `id`           Intune managedDevice objects (with the fields that a LIST hides)
    discovery    `deviceid`     agents/*.xml, agents/*.json: one file per inventory, in the FusionInventory/OCS
                                and the GLPI native form

The column names of procurement and HR are plain English (`serial_number`, `unit_price`, `hire_date` …).
"""

from __future__ import annotations

from simulators.estate.brownfield import Holdings
from simulators.estate.build import build
from simulators.estate.drops import broken_rows
from simulators.estate.load import load
from simulators.estate.load_assets import load_assets
from simulators.estate.model import BrokenRow, Change, Device, Drops, Estate, Person, Truth
from simulators.estate.mutate import mutate

__all__ = [
    "BrokenRow",
    "Change",
    "Device",
    "Drops",
    "Estate",
    "Holdings",
    "Person",
    "Truth",
    "broken_rows",
    "build",
    "load",
    "load_assets",
    "mutate",
]
