"""The fields of an account: the vocabulary of the employee endpoints beside that of the datasets.

Names and types: "List of field names", "Field types" and the Datasets page of the vendor's documentation, read
2026-11-22. The datasets name things differently (`jobInformationDepartment` for `department`). That a custom field has
the same name in both is this simulator's choice; the vendor says only to take names from the field list.
"""

from __future__ import annotations

from typing import NamedTuple

ZERO_DATE = "0000-00-00"  # what an unset date is in answers (reported by clients, faros-ai/airbyte-connectors#592)


class Field(NamedTuple):
    """One field.

    Attributes:
        alias: Name at the employee endpoints.
        dataset: Name in the dataset `employee`; "" where it is not part of it.
        label: What people read.
        type: Type as the field list names it (`text`, `date`, `int`, `options` …).
        entity: Page or table it belongs to.
        number: Field id.
    """

    alias: str
    dataset: str
    label: str
    type: str
    entity: str
    number: int


STANDARD: tuple[Field, ...] = tuple(
    Field(alias, dataset, label, kind, entity, number)
    for number, (alias, dataset, label, kind, entity) in enumerate(
        (
            ("id", "eeid", "EEID", "int", "personal"),
            ("employeeNumber", "employeeNumber", "Employee #", "text", "personal"),
            ("firstName", "firstName", "First Name", "text", "personal"),
            ("middleName", "middleName", "Middle Name", "text", "personal"),
            ("lastName", "lastName", "Last Name", "text", "personal"),
            ("preferredName", "preferredName", "Preferred Name", "text", "personal"),
            ("displayName", "name", "Name", "text", "personal"),
            ("dateOfBirth", "dateOfBirth", "Birth Date", "date", "personal"),
            ("ssn", "ssn", "SSN", "govIdText", "personal"),
            ("status", "status", "Status", "options", "personal"),
            ("workEmail", "email", "Work Email", "text", "personal"),
            ("homeEmail", "homeEmail", "Home Email", "text", "personal"),
            ("workPhone", "workPhone", "Work Phone", "text", "personal"),
            ("mobilePhone", "mobilePhone", "Mobile Phone", "text", "personal"),
            ("hireDate", "hireDate", "Hire Date", "date", "personal"),
            ("originalHireDate", "originalHireDate", "Original Hire Date", "date", "personal"),
            ("terminationDate", "terminationDate", "Termination Date", "date", "employmentStatus"),
            ("employmentHistoryStatus", "employmentStatus", "Employment Status", "options", "employmentStatus"),
            ("department", "jobInformationDepartment", "Department", "options", "jobInfo"),
            ("division", "jobInformationDivision", "Division", "options", "jobInfo"),
            ("location", "jobInformationLocation", "Location", "options", "jobInfo"),
            ("jobTitle", "jobInformationJobTitle", "Job Title", "options", "jobInfo"),
            ("supervisor", "supervisorName", "Reports To", "text", "jobInfo"),
            ("supervisorId", "supervisorId", "Supervisor #", "text", "jobInfo"),
            ("supervisorEId", "supervisorEid", "Supervisor EEID", "int", "jobInfo"),
            ("payRate", "compensationPayRate", "Pay Rate", "text", "compensation"),
        ),
        start=1,
    )
)

# Table -> its columns (vendor's "Tabular data"); `id` and `employeeId` come with every row.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "employmentStatus": (
        ("date", "date"), ("employmentStatus", "list"), ("terminationTypeId", "list"), ("terminationReasonId", "list"),
        ("terminationRehireId", "list"), ("comment", "textarea"),
    ),
    "jobInfo": (
        ("date", "date"), ("location", "list"), ("department", "list"), ("division", "list"), ("jobTitle", "list"),
        ("reportsTo", "employee"),
    ),
}  # fmt: skip


def custom(alias: str, label: str, number: int, kind: str = "text") -> Field:
    """Make a custom field of the page `personal`; custom ids start at 4000."""
    return Field(alias, alias, label, kind, "personal", 4000 + number)
