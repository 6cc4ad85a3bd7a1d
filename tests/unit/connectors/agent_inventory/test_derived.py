"""What is told of a device besides what its inventory says word for word."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.agent_inventory.derived import derive


def derived(deviceid: Any = "nb-1", partial: bool = False, **content: Any) -> dict[str, Any]:
    """Derive from an inventory with these sections."""
    return derive({"deviceid": deviceid, "partial": partial, "content": content})


def test_a_board_speaks_where_the_system_says_nothing() -> None:
    """ASUS boards report `System manufacturer`; the truth is in the base board."""
    found = derived(
        bios={"smanufacturer": "System manufacturer", "smodel": "System Product Name", "ssn": "System Serial Number",
              "mmanufacturer": "ASUSTeK Computer INC.", "mmodel": "P5KPL-SE", "msn": "MT7093K01234567"}
    )  # fmt: skip

    assert found["manufacturer"] == "ASUSTeK Computer INC."
    assert found["model"] == "P5KPL-SE"
    assert found["serial"] == "MT7093K01234567"


@pytest.mark.parametrize("empty", ["", "0", "00000000", "To be filled by O.E.M.", "Default string", "None", "N/A", " "])
def test_a_placeholder_serial_gives_way(empty: str) -> None:
    """To the enclosure, then the BIOS, then the board."""
    assert derived(bios={"ssn": empty, "enclosureserial": "ENC1", "msn": "B1"})["serial"] == "ENC1"
    assert derived(bios={"ssn": empty, "biosserial": "BIOS1", "msn": "B1"})["serial"] == "BIOS1"


def test_a_serial_number_of_bare_digits_is_one() -> None:
    """The format wants text; digits without quotes do not vanish."""
    assert derived(bios={"ssn": 7041893552})["serial"] == "7041893552"


def test_a_placeholder_that_is_all_there_is_stays() -> None:
    """Judging it is identification's business."""
    assert derived(bios={"ssn": "To be filled by O.E.M."})["serial"] == "To be filled by O.E.M."


def test_only_physical_interfaces_count() -> None:
    """Loopback, virtual, tunnel, Bluetooth and host-only ones say nothing about the machine."""
    networks = [
        {
            "description": "eth0",
            "mac": "00:50:56:BF:BB:17",
            "type": "ethernet",
            "virtualdev": False,
            "ipaddress": "10.0.0.7",
        },
        {"description": "wlan0", "mac": "44-85-00-2b-90-bc", "type": "wifi", "ipaddress6": "fe80::1%wlan0"},
        {"description": "lo", "mac": "00:00:00:00:00:00", "type": "loopback", "ipaddress": "127.0.0.1"},
        {"description": "docker0", "mac": "02:42:11:22:33:44", "ipaddress": "172.17.0.1"},
        {"description": "x", "mac": "02:42:11:22:33:45", "virtualdev": True},
        {"description": "VirtualBox Host-Only Ethernet Adapter", "mac": "0a:00:27:00:00:00"},
        {"description": "TAP-Windows Adapter V9", "mac": "00:ff:3a:68:62:80", "pnpdeviceid": "ROOT\\NET\\0000"},
        {"description": "Bluetooth", "mac": "74:f3:95:c7:e8:c2", "pnpdeviceid": "BTH\\MS_BTHPAN\\7"},
        {"description": "eth1", "mac": "FE:FF"},
        "nonsense",
    ]

    found = derived(networks=networks)

    assert found["macs"] == ["00:50:56:bf:bb:17", "44-85-00-2b-90-bc"]
    assert found["ips"] == ["10.0.0.7"]


def test_an_agent_that_calls_everything_virtual_is_seen_through() -> None:
    """Old macOS agents do."""
    networks = [
        {"description": "en0", "mac": "00:17:f2:d1:14:32", "virtualdev": True},
        {"description": "fw0", "mac": "00:19:e3:ff:fe:71", "virtualdev": True},
    ]

    assert derived(networks=networks)["macs"] == ["00:17:f2:d1:14:32"]


def test_a_network_device_has_its_own_address() -> None:
    """Not those of its 48 ports; these speak only where it names none, and then the physical ones."""
    ports = [{"mac": "00:00:00:00:00:11", "iftype": 6}, {"mac": "00:00:00:00:00:12", "iftype": 53}]

    assert derived(network_device={"mac": "00:00:00:00:00:01"}, network_ports=ports)["macs"] == ["00:00:00:00:00:01"]
    assert derived(network_device={}, network_ports=ports)["macs"] == ["00:00:00:00:00:11"]


def test_the_time_carries_the_offset_that_the_agent_tells() -> None:
    """Without one it is left to the time zone of the stream."""
    zone = {"timezone": {"name": "CEST", "offset": "+0200"}}

    assert derived(accesslog={"logdate": "2020-06-12 14:19:54"}, operatingsystem=zone)["inventoried_at"] == (
        "2020-06-12T14:19:54+02:00"
    )
    assert derived(accesslog={"logdate": "2020-06-12 14:19:54"})["inventoried_at"] == "2020-06-12 14:19:54"


@pytest.mark.parametrize(
    ("users", "last", "expected"),
    [
        ([{"login": "anna", "domain": "CORP"}], "anna", "CORP\\anna"),
        ([{"login": "ben"}, {"login": "root"}], "root", "ben"),
        ([{"login": "ben"}, {"login": "anna", "domain": "CORP"}], "anna", "CORP\\anna"),
        ([], "CORP\\anna", "CORP\\anna"),
        ([{"login": "anna@corp.example", "domain": "CORP"}], None, "anna@corp.example"),
        ([{"login": "Administrator"}], "wtmp", None),
        ("nonsense", 5, None),
    ],
)
def test_the_user_is_a_person(users: Any, last: Any, expected: str | None) -> None:
    """Not root, not a service; the last one first."""
    assert derived(users=users, hardware={"lastloggeduser": last}).get("user") == expected


def test_sizes() -> None:
    """Modules are summed up; an optical drive is no disk; a part without modules does not guess."""
    memories = [{"capacity": 4096}, {"capacity": "4096"}, {"capacity": "No"}, {}]
    storages = [{"disksize": 256060}, {"disksize": 1000, "type": "cd"}, {"disksize": 64000, "interface": "USB"}]

    assert derived(memories=memories, hardware={"memory": 7800}, storages=storages)["ram_mib"] == 8192
    assert derived(storages=storages)["storage_gb"] == 256
    assert derived(hardware={"memory": 7800})["ram_mib"] == 7800
    assert "ram_mib" not in derived(partial=True, hardware={"memory": 7800})


@pytest.mark.parametrize(
    ("drives", "expected"),
    [
        ([{"type": "/", "encrypt_status": "Yes"}], True),
        ([{"type": "/home", "encrypt_status": "Yes"}, {"type": "/", "encrypt_status": "No"}], False),
        ([{"letter": "C:", "systemdrive": True}], None),
        ([], None),
    ],
)
def test_encryption_is_that_of_the_system_volume(drives: list[dict[str, Any]], expected: bool | None) -> None:
    """Where the agent tells it."""
    assert derived(drives=drives).get("is_encrypted") is expected


@pytest.mark.parametrize(
    ("system", "hardware", "expected"),
    [
        ({"full_name": "Microsoft Windows 11 Pro", "kernel_name": "MSWin32", "kernel_version": "10.0.22631"}, {},
         ("Microsoft Windows 11 Pro", "10.0.22631")),
        ({"full_name": "Fedora 31 (Workstation Edition)", "version": "31", "kernel_name": "linux"},
         {}, ("Fedora 31 (Workstation Edition)", "31")),
        ({"full_name": "Snow Cone Android 12.0 api 31", "version": "31"}, {"osname": "Android", "osversion": "12"},
         ("Android", "12")),
        ({}, {"osname": "Mac OS X", "osversion": "10.6.8"}, ("Mac OS X", "10.6.8")),
    ],
)  # fmt: skip
def test_the_operating_system(system: dict[str, Any], hardware: dict[str, Any], expected: tuple[str, str]) -> None:
    """Windows by its kernel, Android by its release."""
    found = derived(operatingsystem=system, hardware=hardware)

    assert (found["os_name"], found["os_version"]) == expected


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"deviceid": "nb-1", "content": {}}, "nb-1"),
        ({"deviceid": "foo", "content": {"network_device": {"serial": "A1"}}}, "foo|A1"),
        ({"deviceid": "foo", "content": {"network_device": {"mac": "00:11:22:33:44:55"}}}, "foo|00:11:22:33:44:55"),
        ({"deviceid": "foo", "content": {"network_device": {"ips": ["10.0.0.1"]}}}, "foo|10.0.0.1"),
        ({"content": {"network_device": {"name": "sw-1"}}}, "|sw-1"),
        ({"content": {"network_device": {}}}, None),
        ({"deviceid": "nb-1", "partial": True, "content": {"bios": {}, "cpus": []}}, "nb-1|partial:cpus"),
        ({"deviceid": 5, "content": {}}, None),
    ],
)
def test_native_keys(device: dict[str, Any], expected: str | None) -> None:
    """The agent's id; for what an agent asked over the network, that and the device's own."""
    assert derive(device).get("key") == expected


def test_nonsense_in_every_section_is_survived() -> None:
    """A payload is foreign: texts, numbers and lists stand where objects should."""
    names = ("bios", "hardware", "networks", "users", "memories", "storages", "drives", "operatingsystem", "accesslog",
             "network_device", "network_ports", "firmwares")  # fmt: skip
    foreign: list[Any] = ["x", 5, [1], None, True, {"a": {}}]
    for nonsense in foreign:
        assert isinstance(derive({"deviceid": "nb-1", "content": dict.fromkeys(names, nonsense)}), dict)
