"""The canonical classes.

A class exists here when a shipped field map fills it. A value is None when nobody said anything; strings are never
empty; dates are ISO 8601 (`YYYY-MM-DD`), moments are UTC (`YYYY-MM-DDTHH:MM:SSZ`), money is a decimal string beside its
ISO 4217 currency.

    Entity
    ├── Hardware            both facets
    │   ├── Computer        laptop, desktop, workstation, thin client
    │   ├── Server
    │   ├── MobileDevice
    │   ├── NetworkDevice
    │   ├── Storage
    │   ├── Printer
    │   ├── Peripheral
    │   └── Telecom
    ├── VirtualMachine      CI facet only; identified together with hardware
    ├── Person
    ├── PurchaseOrder       these four: asset facet only
    ├── PurchaseOrderLine
    ├── Receipt
    ├── Invoice
    └── Ticket              neither facet, like Person
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from synchub.domain.fields import Facet, FieldInfo, Privacy, describe, field
from synchub.domain.lifecycle import Lifecycle

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
FormFactor = Literal[
    "laptop", "desktop", "workstation", "tablet", "phone", "thin_client", "all_in_one", "rack", "blade", "tower"
]
PersonStatus = Literal["prehire", "active", "leave", "terminated"]
OperationalStatus = Literal["operational", "non_operational", "repair", "retired"]
PaperKind = Literal["despatch", "receipt", "invoice", "credit_note"]
TicketProgress = Literal["to_do", "in_progress", "done"]

_PERSONAL = Privacy.PERSONAL
_ASSET, _CI = Facet.ASSET, Facet.CI


class Entity(BaseModel):
    """What every canonical class shares."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")
    family: ClassVar[str] = ""
    facets: ClassVar[tuple[Facet, ...]] = (Facet.ASSET, Facet.CI)

    name: Text | None = field("What people call it.", example="NB-5CG81F")
    description: Text | None = field("Free text from the source.", example="HP EliteBook 840 G10 laptop")


class Hardware(Entity):
    """A physical device of which nobody has said more."""

    family: ClassVar[str] = "hardware"

    serial_number: Text | None = field("Serial number as the manufacturer prints it, normalised.", example="5CG81F02QX")
    asset_tag: Text | None = field("The organisation's own inventory number.", example="A204117")
    manufacturer: Text | None = field("Manufacturer, by its dictionary name.", example="HP")
    model: Text | None = field("Model, by its marketing name.", example="EliteBook 840 G10")
    part_number: Text | None = field("The manufacturer's order number of the model.", example="7L7Z7ET#ABD")
    form_factor: FormFactor | None = field("Build.", example="laptop")
    lifecycle: Lifecycle | None = field("Where the asset stands in its life.", example="deployed", facet=_ASSET)
    operational_status: OperationalStatus | None = field(
        "Whether the CI does its work.", example="operational", facet=_CI
    )
    assigned_to: Text | None = field(
        "Who uses it: an identity of a person (e-mail, login or worker id).", example="anna.novak@corp.example",
        privacy=_PERSONAL, reference="person",
    )  # fmt: skip
    location: Text | None = field("Site where it is.", example="BER-01")
    department: Text | None = field("Department that uses it.", example="Logistics")
    cost_centre: Text | None = field("Cost centre that pays.", example="CC1012", facet=_ASSET)
    vendor: Text | None = field("Who sold it.", example="Bechtle", facet=_ASSET)
    price: Decimal | None = field("Unit price without tax.", example="1249.00", unit="`currency`", facet=_ASSET)
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = field(
        "Currency of the price, ISO 4217.", example="EUR", facet=_ASSET
    )
    ordered_on: date | None = field("Date of the order.", example="2024-03-01", facet=_ASSET)
    received_on: date | None = field("Date of the receipt.", example="2024-03-09", facet=_ASSET)
    warranty_ends_on: date | None = field("Last day of the warranty.", example="2027-03-08", facet=_ASSET)
    order_number: Text | None = field("Purchase order number.", example="PO-2024-0000588", facet=_ASSET)
    invoice_number: Text | None = field("Invoice number.", example="INV00081234", facet=_ASSET)
    mac_addresses: list[Text] | None = field(
        "Hardware addresses of its own network interfaces, lower case with colons.", example=["00:50:56:bf:bb:17"],
        facet=_CI, many=True,
    )  # fmt: skip
    ip_addresses: list[Text] | None = field(
        "Addresses seen on its interfaces.", example=["10.4.1.7"], facet=_CI, many=True, volatile=True
    )
    last_seen_at: datetime | None = field(
        "Last sign of life.", example="2026-11-20T08:14:00Z", facet=_CI, volatile=True
    )


class _Managed(Hardware):
    """Hardware that runs an operating system."""

    uuid: Text | None = field(
        "SMBIOS UUID, lower case, in the byte order the firmware shows.", example="4c4c4544-0044-…", facet=_CI
    )
    hostname: Text | None = field("Short host name, lower case.", example="nb-5cg81f", facet=_CI)
    fqdn: Text | None = field("Fully qualified name, lower case.", example="nb-5cg81f.corp.example", facet=_CI)
    os_name: Text | None = field("Operating system, by its dictionary name.", example="Windows 11", facet=_CI)
    os_version: Text | None = field("Version as the system reports it.", example="10.0.22631.3593", facet=_CI)
    os_end_of_life_on: date | None = field(
        "End of the vendor's support for this version.", example="2026-10-13", facet=_CI
    )
    booted_at: datetime | None = field(
        "Last start of the operating system.", example="2026-10-05T03:19:00Z", facet=_CI, volatile=True
    )
    open_ports: list[Text] | None = field(
        "Ports that answer, and what listens there.", example=["22/tcp ssh OpenSSH 9.6"], facet=_CI, many=True
    )
    cpu_model: Text | None = field("Processor.", example="Intel Core i7-1355U", facet=_CI)
    cpu_cores: int | None = field("Physical cores.", example=10, facet=_CI)
    ram_mib: int | None = field("Memory.", example=16384, unit="MiB", facet=_CI)
    storage_gb: int | None = field("Size of the internal disks.", example=512, unit="GB", facet=_CI)
    storage_free_gb: int | None = field("Free space.", example=211, unit="GB", facet=_CI, volatile=True)
    is_encrypted: bool | None = field("Internal disks are encrypted.", example=True, facet=_CI)
    compliance: Text | None = field("Verdict of the device management.", example="compliant", facet=_CI)
    management_id: Text | None = field(
        "Device id in the directory or device management.", example="6f0c1e2a-…", facet=_CI
    )
    enrolled_at: datetime | None = field(
        "Enrolment in the device management.", example="2024-03-10T07:00:00Z", facet=_CI
    )


class Computer(_Managed):
    """A laptop, desktop or workstation."""


class Server(_Managed):
    """A physical server."""


class MobileDevice(_Managed):
    """A phone or tablet."""

    imei: Text | None = field(
        "International mobile equipment identity, 15 digits.", example="356938035643809", facet=_CI
    )
    phone_number: Text | None = field("Number of the SIM.", example="+49301234567", privacy=_PERSONAL, facet=_CI)


class NetworkDevice(_Managed):
    """A router, switch, firewall, access point or load balancer."""


class Storage(_Managed):
    """A disk or tape system."""


class Printer(_Managed):
    """A printer or scanner."""


class Peripheral(Hardware):
    """A monitor, dock, keyboard or the like."""


class Telecom(_Managed):
    """A desk phone or telephone system."""


class VirtualMachine(_Managed):
    """A virtual machine: a CI, never an asset."""

    facets: ClassVar[tuple[Facet, ...]] = (Facet.CI,)


class Person(Entity):
    """Someone who works here, did, or will."""

    family: ClassVar[str] = "person"
    facets: ClassVar[tuple[Facet, ...]] = ()

    worker_id: Text | None = field("Number in the HR system.", example="E100213", privacy=_PERSONAL)
    directory_id: Text | None = field("Object id in the directory.", example="87d349ed-…", privacy=_PERSONAL)
    email: Text | None = field("Work e-mail, lower case.", example="anna.novak@corp.example", privacy=_PERSONAL)
    login: Text | None = field("User principal name, lower case.", example="anna.novak@corp.example", privacy=_PERSONAL)
    given_name: Text | None = field("Given name.", example="Anna", privacy=_PERSONAL)
    family_name: Text | None = field("Family name.", example="Novak", privacy=_PERSONAL)
    job_title: Text | None = field("Job title.", example="Analyst", privacy=_PERSONAL)
    department: Text | None = field("Department.", example="Finance")
    cost_centre: Text | None = field("Cost centre.", example="CC1012")
    location: Text | None = field("Site of work.", example="BER-01")
    manager: Text | None = field("Worker id of the manager.", example="E100017", privacy=_PERSONAL, reference="person")
    status: PersonStatus | None = field("Whether the person works here now.", example="active")
    starts_on: date | None = field("First day of work.", example="2021-04-01", privacy=_PERSONAL)
    ends_on: date | None = field("Last day of work: a termination fact.", example="2026-12-31", privacy=_PERSONAL)
    phone: Text | None = field("Work phone.", example="+49 30 1234567", privacy=_PERSONAL)


class PurchaseOrder(Entity):
    """An order as a whole; what was ordered stands on its lines."""

    family: ClassVar[str] = "purchase_order"
    facets: ClassVar[tuple[Facet, ...]] = (Facet.ASSET,)

    order_number: Text | None = field("Purchase order number.", example="PO-2024-0000588")
    buyer: Text | None = field("Legal entity that ordered.", example="Corp GmbH")
    vendor: Text | None = field("Who sells it.", example="Bechtle")
    status: Text | None = field("State of the order in the source's own words.", example="accepted")
    contract_number: Text | None = field("Contract on which it was ordered.", example="34322")
    ordered_on: date | None = field("Date of the order.", example="2024-03-01")
    due_on: date | None = field("Latest delivery that was asked for.", example="2024-03-14")
    net_total: Decimal | None = field("Total without tax.", example="3747.00", unit="`currency`")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = field("ISO 4217.", example="EUR")
    location: Text | None = field("Site of delivery.", example="BER-01")
    requested_for: Text | None = field(
        "For whom it was ordered.", example="anna.novak@corp.example", privacy=_PERSONAL, reference="person"
    )
    cost_centre: Text | None = field("Cost centre that pays.", example="CC1012")


class PurchaseOrderLine(Entity):
    """One line of an order, as far as it is not itself a device."""

    family: ClassVar[str] = "purchase_order_line"
    facets: ClassVar[tuple[Facet, ...]] = (Facet.ASSET,)

    order_number: Text | None = field("Purchase order number.", example="PO-2024-0000588")
    line_number: Text | None = field("Line within the order.", example="3")
    vendor: Text | None = field("Who sold it.", example="Bechtle")
    part_number: Text | None = field("The supplier's or manufacturer's order number.", example="7L7Z7ET#ABD")
    manufacturer: Text | None = field("Manufacturer, by its dictionary name.", example="HP")
    model: Text | None = field("Model.", example="EliteBook 840 G10")
    gtin: Text | None = field("Global trade item number.", example="04054318721900")
    quantity: Decimal | None = field("Ordered quantity.", example="3", unit="`quantity_unit`, else pieces")
    quantity_unit: Text | None = field(
        "Unit of the quantities, code of UN/ECE recommendation 20 or the source's own.", example="C62"
    )
    shipped_quantity: Decimal | None = field("Quantity announced by the vendor.", example="3", unit="as `quantity`")
    invoiced_quantity: Decimal | None = field("Invoiced quantity less credits.", example="3", unit="as `quantity`")
    received_quantity: Decimal | None = field("Received quantity.", example="2", unit="as `quantity`")
    rejected_quantity: Decimal | None = field("Received and sent back.", example="1", unit="as `quantity`")
    price: Decimal | None = field("Unit price without tax.", example="1249.00", unit="`currency`")
    line_total: Decimal | None = field(
        "Price times quantity, as the source states it.", example="3747.00", unit="`currency`"
    )
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = field("ISO 4217.", example="EUR")
    ordered_on: date | None = field("Date of the order.", example="2024-03-01")
    due_on: date | None = field("Promised delivery.", example="2024-03-14")
    shipped_on: date | None = field("Date of shipping.", example="2024-03-08")
    received_on: date | None = field("Date of the receipt.", example="2024-03-09")
    receipt_number: Text | None = field("Number of the latest receipt.", example="658398")
    invoice_number: Text | None = field("Number of the latest invoice.", example="INV00081234")
    status: Text | None = field("State of the line in the source's own words.", example="received")
    requested_for: Text | None = field(
        "For whom it was ordered.", example="anna.novak@corp.example", privacy=_PERSONAL, reference="person"
    )
    cost_centre: Text | None = field("Cost centre that pays.", example="CC1012")


class Receipt(Entity):
    """A delivery, as the vendor announced or the buyer received it."""

    family: ClassVar[str] = "receipt"
    facets: ClassVar[tuple[Facet, ...]] = (Facet.ASSET,)

    receipt_number: Text | None = field("Number of the receipt or despatch advice.", example="658398")
    kind: PaperKind | None = field("Announced by the vendor, or received by the buyer.", example="receipt")
    despatch_number: Text | None = field("Despatch advice that it answers.", example="565899")
    order_number: Text | None = field("Purchase order number.", example="PO-2024-0000588")
    vendor: Text | None = field("Who sold it.", example="Bechtle")
    shipped_on: date | None = field("Date of shipping.", example="2024-03-08")
    received_on: date | None = field("Date of the receipt.", example="2024-03-09")
    location: Text | None = field("Site of delivery.", example="BER-01")


class Invoice(Entity):
    """An invoice or credit note."""

    family: ClassVar[str] = "invoice"
    facets: ClassVar[tuple[Facet, ...]] = (Facet.ASSET,)

    invoice_number: Text | None = field("The vendor's number.", example="INV00081234")
    kind: PaperKind | None = field("What it is.", example="invoice")
    credits_invoice: Text | None = field("Invoice that a credit note is about.", example="INV00081200")
    order_number: Text | None = field("Purchase order number.", example="PO-2024-0000588")
    contract_number: Text | None = field("Contract on which it was ordered.", example="34322")
    buyer: Text | None = field("Legal entity that is to pay.", example="Corp GmbH")
    vendor: Text | None = field("Who asks to be paid.", example="Bechtle")
    invoiced_on: date | None = field("Date of the invoice.", example="2024-03-10")
    payment_due_on: date | None = field("Last day for paying.", example="2024-04-09")
    net_total: Decimal | None = field("Total without tax.", example="3747.00", unit="`currency`")
    gross_total: Decimal | None = field("Total with tax.", example="4458.93", unit="`currency`")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = field("ISO 4217.", example="EUR")
    cost_centre: Text | None = field("Cost centre that pays.", example="CC1012")


class Ticket(Entity):
    """A request, incident or task of a service desk; free text of people, so most of it is personal."""

    family: ClassVar[str] = "ticket"
    facets: ClassVar[tuple[Facet, ...]] = ()

    name: Text | None = field("Summary in one line.", example="Laptop does not start", privacy=_PERSONAL)
    description: Text | None = field("What it is about.", example="Black screen since Monday.", privacy=_PERSONAL)
    ticket_number: Text | None = field("Number or key in the system that issued it.", example="OPS-112")
    tracker: Text | None = field("System that issued the number.", example="acme.atlassian.net")
    ticket_type: Text | None = field("Kind of ticket in the source's own words.", example="Incident")
    status: Text | None = field("State in the source's own words.", example="Waiting for support")
    progress: TicketProgress | None = field("What the state comes down to.", example="in_progress")
    priority: Text | None = field("Priority in the source's own words.", example="High")
    labels: list[Text] | None = field("Words it is filed under.", example=["hardware"], many=True)
    affects: Text | None = field("Serial number of the device it is about.", example="5CG81F02QX")
    requested_by: Text | None = field(
        "Who asked: an identity of a person.", example="anna.novak@corp.example", privacy=_PERSONAL, reference="person"
    )
    assigned_to: Text | None = field(
        "Who works on it: an identity of a person.", example="desk@corp.example", privacy=_PERSONAL, reference="person"
    )
    note: Text | None = field("Latest thing to be said on it.", example="Replacement ordered.", privacy=_PERSONAL)
    opened_at: datetime | None = field("When it was opened.", example="2026-11-20T08:14:00Z")
    changed_at: datetime | None = field("Last change.", example="2026-11-21T10:02:00Z", volatile=True)
    due_on: date | None = field("Date by which it is to be done.", example="2026-11-27")


CLASSES: dict[str, type[Entity]] = {
    "hardware": Hardware,
    "computer": Computer,
    "server": Server,
    "mobile_device": MobileDevice,
    "network_device": NetworkDevice,
    "storage": Storage,
    "printer": Printer,
    "peripheral": Peripheral,
    "telecom": Telecom,
    "virtual_machine": VirtualMachine,
    "person": Person,
    "purchase_order": PurchaseOrder,
    "purchase_order_line": PurchaseOrderLine,
    "receipt": Receipt,
    "invoice": Invoice,
    "ticket": Ticket,
}
VirtualMachine.family = "hardware"

# One letter in front of an entity id, by family.
FAMILY_PREFIX: dict[str, str] = {
    "hardware": "c", "person": "p", "purchase_order": "o", "purchase_order_line": "l", "receipt": "r", "invoice": "i",
    "ticket": "t",
}  # fmt: skip

FIELDS: dict[str, dict[str, FieldInfo]] = {name: describe(model) for name, model in CLASSES.items()}
VOLATILE: dict[str, frozenset[str]] = {
    name: frozenset(f.name for f in infos.values() if f.volatile) for name, infos in FIELDS.items()
}


def family_of(cls: str) -> str:
    """Return the family within which entities of a class are identified against each other."""
    return CLASSES[cls].family
