"""Purchase order lines as an ERP exports them for German readers."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from simulators.estate import dirt
from simulators.estate.catalogue import ACCESSORIES, DEPARTMENTS, SITES, VENDORS
from simulators.estate.model import Device, Row, Truth

COLUMNS = (
    "po_line_id", "po_number", "line_no", "vendor", "manufacturer", "model", "mfr_part_no", "description",
    "serial_number", "asset_tag", "quantity", "unit_price", "currency", "order_date", "received_date", "warranty_end",
    "cost_center", "ship_to_location", "requested_for_email", "invoice_no", "status", "updated_at",
)  # fmt: skip
_GERMAN = {"laptop": "Notebook", "desktop": "Desktop-PC für Büro", "phone": "Smartphone", "tablet": "Tablet",
           "server": "Server", "network": "Netzwerk-Switch", "printer": "Laserdrucker (Printer)"}  # fmt: skip
_SECOND, _ACCESSORY = 0.02, 0.08


def order_lines(rng: Random, devices: list[Device], today: date, truth: Truth) -> list[Row]:
    """Write order lines for the devices that procurement knows, a few twice, and for things that are no device."""
    bought = sorted((d for d in devices if "p" in d.sources), key=lambda d: (d.bought_on, d.asset_tag))
    rows: list[Row] = []
    order, line, left = 0, 0, 0
    for device in bought:
        if not left:  # up to six devices of about one date make an order
            first, order, line, left = device, order + 1 + rng.randrange(3), 0, 1 + rng.randrange(6)
        line, left = line + 1, left - 1
        row = _line(rng, device, first, f"PO-{first.bought_on.year}-{order:06d}", line, today)
        rows.append(row)
        truth.records["procurement", row["po_line_id"]] = device.id
        if rng.random() < _SECOND:  # the same delivery, booked again by somebody else
            again = _again(rng, row, device)
            rows.append(again)
            truth.records["procurement", again["po_line_id"]] = device.id
    rows += [_accessory(rng, i, today) for i in range(round(len(bought) * _ACCESSORY))]
    rng.shuffle(rows)
    return rows


def _german_day(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def _line(rng: Random, device: Device, first: Device, number: str, line: int, today: date) -> Row:
    received = min(today, first.bought_on + timedelta(days=2 + rng.randrange(38)))
    serial = dirt.soil_serial(rng, device.serial, spelling=0.15, blank=0.05, placeholder=0.015, typo=0.012)
    owner, arrived = device.owner, device.sources != "p"  # what only procurement knows is still on its way
    what = _GERMAN["tablet" if "iPad" in device.model else device.kind]
    moved = min(today, received + timedelta(days=rng.randrange(30))) if arrived else first.bought_on
    return {
        "po_line_id": f"{number}-{line}",
        "po_number": number,
        "line_no": str(line),
        "vendor": first.vendor,
        "manufacturer": dirt.alias(rng, device.manufacturer),
        "model": device.model,
        "mfr_part_no": device.part_number,
        "description": f"{what} {device.manufacturer} {device.model}",
        "serial_number": serial,
        "asset_tag": device.asset_tag if rng.random() < 0.8 else "",
        "quantity": "1",
        "unit_price": dirt.german(device.price, grouped=rng.random() < 0.5),
        "currency": "EUR",
        "order_date": _german_day(first.bought_on),
        "received_date": _german_day(received) if arrived else "",
        "warranty_end": _german_day(received + timedelta(days=365 * rng.choice((2, 3, 5)))) if arrived else "",
        "cost_center": owner.cost_centre if owner else DEPARTMENTS["IT Operations"],
        "ship_to_location": device.site,
        "requested_for_email": owner.email if owner and rng.random() < 0.7 else "",
        "invoice_no": f"RE{dirt.digits(rng, 8)}",
        "status": rng.choice(("received", "received", "received", "invoiced")) if arrived else "ordered",
        "updated_at": f"{moved.isoformat()}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z",
    }


def _again(rng: Random, row: Row, device: Device) -> Row:
    line = str(100 + rng.randrange(900_000))
    serial = dirt.spelled(rng, device.serial) if row["serial_number"].strip() else row["serial_number"]
    key = f"{row['po_number']}-{line}"
    return row | {"po_line_id": key, "line_no": line, "serial_number": serial, "vendor": rng.choice(VENDORS)}


def _accessory(rng: Random, number: int, today: date) -> Row:
    manufacturer, name, part, price = rng.choice(ACCESSORIES)
    ordered = today - timedelta(days=20 + rng.randrange(250))
    received = ordered + timedelta(days=9)
    order = f"PO-{ordered.year}-{900_000 + number:06d}"
    return dict.fromkeys(COLUMNS, "") | {
        "po_line_id": f"{order}-1",
        "po_number": order,
        "line_no": "1",
        "vendor": rng.choice(VENDORS),
        "manufacturer": manufacturer,
        "model": name,
        "mfr_part_no": part,
        "description": name,
        "quantity": str(rng.choice((2, 5, 10, 25))),
        "unit_price": dirt.german(price * 100),
        "currency": "EUR",
        "order_date": _german_day(ordered),
        "received_date": _german_day(received),
        "cost_center": rng.choice(list(DEPARTMENTS.values())),
        "ship_to_location": rng.choice(list(SITES)),
        "invoice_no": f"RE{dirt.digits(rng, 8)}",
        "status": "received",
        "updated_at": f"{received.isoformat()}T09:00:00Z",
    }


def broken_lines(rng: Random, rows: list[Row], count: int) -> list[tuple[int, str, str]]:
    """Make CSV lines that are no record: cut off, too many cells, without a key.

    Returns:
        (position in the rows before which the line stands, the line, what is wrong with it).
    """
    made = []
    for i in range(count if rows else 0):
        at = rng.randrange(len(rows))
        cells = [dirt.text(rng, 3) if c == "description" else rows[at][c] for c in COLUMNS]
        cells[0] = f"PO-BROKEN-{i:04d}-1"
        if i % 3 == 0:
            made.append((at, ";".join(cells[: 4 + rng.randrange(8)]), "cut off"))
        elif i % 3 == 1:
            made.append((at, ";".join([*cells, "Lager 3", "siehe Lieferschein"]), "more cells than columns"))
        else:
            made.append((at, ";".join(["", *cells[1:]]), "no key"))
    return made
