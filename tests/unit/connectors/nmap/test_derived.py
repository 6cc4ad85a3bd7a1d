"""What is told of a host besides what the scan says word for word, and what the map makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from defusedxml import ElementTree

from connectors.nmap import CONNECTOR
from connectors.nmap.derived import payload
from connectors.nmap.scan import Scan
from mapping.engine import FieldMap
from mapping.loader import load_map
from synchub.domain.model import CLASSES
from synchub.domain.records import CanonicalRecord
from tests.unit.connectors.nmap.reads import host


@pytest.fixture(scope="module")
def field_map() -> FieldMap:
    return load_map(CONNECTOR.maps / "hosts.yaml")


def found(inside: str = "", **options: str) -> dict[str, Any]:
    """Payload of a host."""
    return payload(ElementTree.fromstring(host(inside=inside, **options)), Scan(version="7.94"), "")


def mapped(field_map: FieldMap, inside: str = "", **options: str) -> CanonicalRecord:
    """Canonical record of a host."""
    record = field_map.map(found(inside, **options))
    assert record is not None
    CLASSES[record.cls].model_validate(record.fields)
    return record


def guess(kind: str, family: str, accuracy: int = 100, gen: str = "", nested: bool = True) -> str:
    """Make a guess of the operating system, as versions 6 and later write it, or 5."""
    one = f'<osclass type="{kind}" vendor="x" osfamily="{family}" osgen="{gen}" accuracy="{accuracy}"/>'
    return f'<osmatch name="x" accuracy="{accuracy}">{one}</osmatch>' if nested else one


def names(**kinds: str) -> str:
    """Make host names by kind."""
    return "<hostnames>" + "".join(f'<hostname name="{n}" type="{k}"/>' for k, n in kinds.items()) + "</hostnames>"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", "hardware"),
        (f"<os>{guess('general purpose', 'Windows', gen='10')}</os>", "computer"),
        (f"<os>{guess('general purpose', 'Windows', gen='2019')}</os>", "server"),
        (f"<os>{guess('general purpose', 'Linux')}</os>", "computer"),
        (f"<os>{guess('general purpose', 'Linux', 94)}</os>", "hardware"),
        (f"<os>{guess('switch', 'IOS')}</os>", "network_device"),
        (f"<os>{guess('printer', 'embedded')}</os>", "printer"),
        (f"<os>{guess('printer', 'embedded')}{guess('switch', 'embedded')}</os>", "hardware"),
        (f"<os>{guess('printer', 'embedded')}{guess('switch', 'embedded', 96)}</os>", "printer"),
        (f"<os>{guess('VoIP phone', 'embedded')}</os>", "telecom"),
        (f"<os>{guess('phone', 'iOS')}</os>", "mobile_device"),
        (f"<os>{guess('WAP', 'Linux', nested=False)}</os>", "network_device"),
        ('<ports><port><state state="open"/><service name="x" devicetype="router" conf="10"/></port></ports>',
         "network_device"),
        ('<ports><port><state state="open"/><service name="x" devicetype="router" conf="3"/></port></ports>',
         "hardware"),
    ],
)  # fmt: skip
def test_the_class_is_what_sure_guesses_agree_on(field_map: FieldMap, inside: str, expected: str) -> None:
    """Less than 95 %, guesses that disagree, and services that were only looked up say nothing."""
    assert mapped(field_map, inside).cls == expected


@pytest.mark.parametrize("mac", ["00:50:56:BF:BB:17", "08:00:27:00:00:01", "02:42:AC:1C:01:03"])
def test_the_card_of_a_hypervisor_tells_a_virtual_machine(field_map: FieldMap, mac: str) -> None:
    """It has no asset."""
    assert mapped(field_map, mac=mac).cls == "virtual_machine"


def test_a_guess_of_the_system_is_taken_when_all_agree(field_map: FieldMap) -> None:
    """`Windows` when the generations differ, nothing when the families do, never a version."""
    one = f"<os>{guess('general purpose', 'Windows', gen='10')}</os>"
    two = f"<os>{guess('general purpose', 'Windows', gen='7')}{guess('general purpose', 'Windows', gen='2008')}</os>"
    three = f"<os>{guess('general purpose', 'Windows')}{guess('general purpose', 'Linux')}</os>"

    assert mapped(field_map, one).fields["os_name"] == "Windows 10"
    assert mapped(field_map, two).fields["os_name"] == "Windows"
    assert "os_name" not in mapped(field_map, three).fields
    assert "os_version" not in mapped(field_map, one).fields


def test_services_tell_the_system_where_no_guess_is_sure() -> None:
    """If they agree."""
    service = '<port><state state="open"/><service name="a" ostype="{}" conf="10"/></port>'

    assert found(f"<ports>{service.format('Linux')}</ports>")["derived"]["os_family"] == "Linux"
    both = f"<ports>{service.format('Linux')}{service.format('Windows')}</ports>"
    assert "os_family" not in found(both)["derived"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (names(user="typed", PTR="nb-7.corp.example"), "nb-7.corp.example"),
        (names(user="typed.corp.example"), "typed.corp.example"),
        (names(PTR="dhcp-10-0-0-7.isp.example", user="10.0.0.7"), None),
        (names(PTR="7.0.0.10.isp.example"), None),
        (names(PTR="nb-10.corp.example."), "nb-10.corp.example"),
        ('<hostscript><script id="smb-os-discovery"><elem key="server">NB-7\\x00</elem></script></hostscript>', "NB-7"),
    ],
)
def test_the_name_is_the_hosts_own(inside: str, expected: str | None) -> None:
    """Reverse lookup before what was typed before Windows networking; names made of the address are none."""
    assert found(inside)["derived"].get("hostname") == expected


def test_the_vendor_of_the_card_is_not_the_manufacturer(field_map: FieldMap) -> None:
    """`Intel Corporate` builds cards for everybody; a scan never tells manufacturer, model or serial number."""
    fields = mapped(field_map).fields

    assert not {"manufacturer", "model", "serial_number"} & fields.keys()


def test_open_ports_are_listed_by_number(field_map: FieldMap) -> None:
    """With what listens there; closed and filtered ones are not; a host that answers on all of them lists none."""
    service = '<service name="ssh" product="OpenSSH" version="9.6"/>'
    port = f'<port protocol="tcp" portid="{{}}"><state state="{{}}"/>{service}</port>'
    system = f"<os>{guess('general purpose', 'Linux')}</os>"
    some = (
        port.format(80, "open") + port.format(22, "open") + port.format(23, "closed") + port.format(24, "open|filtered")
    )
    trap = "".join(port.format(n, "open") for n in range(1, 300))

    assert found(f"<ports>{some}</ports>")["derived"]["open_ports"] == [
        "22/tcp ssh OpenSSH 9.6",
        "80/tcp ssh OpenSSH 9.6",
    ]
    assert mapped(field_map, f"{system}<ports>{some}</ports>").fields["open_ports"][0] == "22/tcp ssh OpenSSH 9.6"
    assert "open_ports" not in found(f"<ports>{trap}</ports>")["derived"]


def test_the_start_is_told_to_the_minute(field_map: FieldMap) -> None:
    """From the uptime that TCP shows; every scan would give another second."""
    inside = f'<os>{guess("general purpose", "Linux")}</os><uptime seconds="3601" lastboot="Tue May 7 10:21:54 2013"/>'

    assert mapped(field_map, inside).fields["booted_at"] == "2023-11-14T21:14:00Z"
    assert mapped(field_map, inside).fields["last_seen_at"] == "2023-11-14T22:15:00Z"


def test_output_of_scripts_is_not_kept() -> None:
    """It holds users, shares and certificates."""
    inside = '<ports><port><script id="x" output="secret"/><service servicefp="SF-secret" name="a"/></port></ports>'
    inside += '<hostscript><script id="smb-enum-users" output="secret">secret</script></hostscript>'

    assert "secret" not in str(found(inside))


def test_a_scanner_that_scans_itself_is_left_out(field_map: FieldMap) -> None:
    """127.0.0.1 tells no scanner from another."""
    assert field_map.map(found(ip="127.0.0.1", mac="")) is None


def test_unknown_elements_are_passed_on() -> None:
    """So that a map can take them, and drift is noticed."""
    assert found('<tomorrow deep="1"><x/></tomorrow>')["tomorrow"] == {"@deep": "1", "x": None}
