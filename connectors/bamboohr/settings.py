"""What `synchub.yaml` says about a BambooHR connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from connectors.address import SystemUrl
from connectors.secrets import SecretRef, TextOrRef
from connectors.settings import ConnectorSettings, StreamOptions

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.]{0,99}$")]


class EmployeeOptions(StreamOptions):
    """Options of the stream `employees`.

    Attributes:
        fields: Further fields of the dataset `employee` to ask for, custom ones for example.
        leave_statuses: Employment statuses of the account that mean leave.
    """

    fields: tuple[FieldName, ...] = ()
    leave_statuses: tuple[str, ...] = ("Leave of Absence", "Furloughed")


class BambooStreams(ConnectorSettings):
    """The streams of the connection; one that is not named is not read."""

    employees: EmployeeOptions | None = None


class BambooSettings(ConnectorSettings):
    """One company.

    Attributes:
        company: What stands before `.bamboohr.com` when people log in.
        api_key: Its owner's permissions decide what is read.
        url: Where the API begins; `https://COMPANY.bamboohr.com/api` when absent.
        page_size: Employees asked for per page.
        full_every_hours: A read takes only what changed, unless the last full one is so long ago; 0: always full.
        overlap_minutes: How far a read of changes reaches back behind the one before.
        requests_per_second: Own ceiling.
        streams: What is read.
    """

    company: TextOrRef
    api_key: SecretRef
    url: SystemUrl | None = None
    page_size: Annotated[int, Field(ge=1, le=1000)] = 500
    full_every_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 24
    overlap_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 10
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    streams: BambooStreams = BambooStreams(employees=EmployeeOptions())
