"""What the invented organisation buys, where it sits and who works there: plausible, and coherent per model."""

from __future__ import annotations

from typing import NamedTuple


class Model(NamedTuple):
    """A product: operating systems as (name, versions), memory in GiB, disk in GB, price in EUR."""

    kind: str
    manufacturer: str
    name: str
    part_number: str
    os: tuple[str, tuple[str, ...]]
    cpu: str
    cores: int
    ram: tuple[int, ...]
    disk: tuple[int, ...]
    price: int


_WIN = ("Windows", ("10.0.22631.4460", "10.0.22631.4317", "10.0.26100.2314", "10.0.19045.5131"))
_MAC = ("macOS", ("14.7.1", "15.1", "15.1.1"))
_IOS = ("iOS", ("17.7.2", "18.1", "18.1.1"))
_ANDROID = ("Android", ("13", "14", "15"))
_LINUX = ("Red Hat Enterprise Linux", ("8.10", "9.4"))
_UBUNTU = ("Ubuntu", ("22.04.5 LTS", "24.04.1 LTS"))
_NO_DISK: tuple[int, ...] = (0,)

# fmt: off
MODELS: tuple[Model, ...] = (
    Model("laptop", "Dell Inc.", "Latitude 5440", "210-BFZY",
          _WIN, "13th Gen Intel(R) Core(TM) i5-1345U", 10, (16, 32), (256, 512), 1189),
    Model("laptop", "Dell Inc.", "Latitude 7450", "210-BLLV",
          _WIN, "Intel(R) Core(TM) Ultra 7 165U", 12, (16, 32), (512, 1024), 1649),
    Model("laptop", "LENOVO", "ThinkPad T14 Gen 4", "21HD0041GE",
          _WIN, "13th Gen Intel(R) Core(TM) i5-1335U", 10, (16, 32), (512,), 1329),
    Model("laptop", "LENOVO", "ThinkPad X1 Carbon Gen 11", "21HM004GGE",
          _WIN, "13th Gen Intel(R) Core(TM) i7-1355U", 10, (16, 32), (512, 1024), 1899),
    Model("laptop", "HP", "EliteBook 840 14 inch G10 Notebook PC", "7L7Z7ET#ABD",
          _WIN, "13th Gen Intel(R) Core(TM) i5-1335U", 10, (16, 32), (512,), 1249),
    Model("laptop", "HP", "ZBook Firefly 14 inch G10 Mobile Workstation PC", "865N9EA#ABD",
          _WIN, "13th Gen Intel(R) Core(TM) i7-1355U", 10, (32, 64), (1024,), 1799),
    Model("laptop", "Apple", "MacBook Pro (14-inch, M3, 2023)", "MTL83D/A",
          _MAC, "Apple M3", 8, (16, 24), (512, 1024), 2049),
    Model("desktop", "Dell Inc.", "OptiPlex 7010", "210-BFWR",
          _WIN, "13th Gen Intel(R) Core(TM) i5-13500", 14, (16,), (256, 512), 849),
    Model("desktop", "HP", "HP ProDesk 600 G6 Small Form Factor PC", "272X8EA#ABD",
          _WIN, "Intel(R) Core(TM) i5-10500 CPU @ 3.10GHz", 6, (8, 16), (256,), 729),
    Model("desktop", "LENOVO", "ThinkCentre M70q Gen 4", "12E30006GE",
          _WIN, "13th Gen Intel(R) Core(TM) i5-13400T", 10, (8, 16), (256, 512), 689),
    Model("phone", "Apple", "iPhone 15", "MTP03ZD/A",
          _IOS, "", 6, (6,), (128, 256), 829),
    Model("phone", "Apple", "iPad Air (5th generation)", "MM9C3FD/A", ("iPadOS",
          _IOS[1]), "", 8, (8,), (64, 256), 719),
    Model("phone", "samsung", "SM-S911B", "SM-S911BZKGEUB",
          _ANDROID, "", 8, (8,), (128, 256), 799),
    Model("phone", "Google", "Pixel 8", "GA05843-GB",
          _ANDROID, "", 9, (8,), (128,), 699),
    Model("server", "Dell Inc.", "PowerEdge R650", "210-AYJZ",
          _LINUX, "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 32, (128, 256), (960, 1920), 8990),
    Model("server", "HPE", "ProLiant DL380 Gen10", "P24841-B21",
          _UBUNTU, "Intel(R) Xeon(R) Silver 4214R CPU @ 2.40GHz", 24, (64, 128), (960, 1920), 6490),
    Model("server", "Supermicro", "SYS-1029P-WTRT", "SYS-1029P-WTRT",
          _UBUNTU, "Intel(R) Xeon(R) Gold 5218 CPU @ 2.30GHz", 16, (64, 128), (960,), 4890),
    Model("network", "Cisco", "C9300-48P", "C9300-48P-A",
          ("IOS-XE", ("17.09.04a", "17.12.03")), "", 4, (8,), _NO_DISK, 5290),
    Model("network", "Juniper", "EX4300-48T", "EX4300-48T",
          ("Junos", ("21.4R3-S5", "22.4R3")), "", 2, (2,), _NO_DISK, 4190),
    Model("printer", "Hewlett-Packard", "HP LaserJet M507", "1PV87A#B19",
          ("", ("2409048_052887", "2506116_057212")), "", 1, (1,), _NO_DISK, 549),
    Model("vm", "VMware, Inc.", "VMware7,1", "",
          _UBUNTU, "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 4, (8, 16), (100,), 0),
)
# fmt: on
BY_KIND: dict[str, tuple[Model, ...]] = {
    kind: tuple(m for m in MODELS if m.kind == kind)
    for kind in ("laptop", "desktop", "phone", "server", "network", "printer", "vm")
}
KINDS: dict[str, float] = {
    "laptop": 0.58, "desktop": 0.12, "phone": 0.11, "server": 0.08, "network": 0.05, "printer": 0.03, "vm": 0.03,
}  # fmt: skip

# How often which sources know a device: p(rocurement), m(dm), d(iscovery).
COVERAGE: dict[str, dict[str, float]] = {
    "laptop": {"pmd": 0.64, "pm": 0.12, "pd": 0.08, "md": 0.06, "p": 0.04, "m": 0.03, "d": 0.03},
    "phone": {"pm": 0.86, "p": 0.05, "m": 0.09},
    "server": {"pd": 0.91, "p": 0.04, "d": 0.05},
    "vm": {"d": 1.0},
}
COVERAGE["desktop"] = COVERAGE["laptop"]
COVERAGE["network"] = COVERAGE["printer"] = COVERAGE["server"]

ALIASES: dict[str, tuple[str, ...]] = {
    "Dell Inc.": ("Dell", "DELL", "Dell Inc.", "Dell Technologies"),
    "LENOVO": ("Lenovo", "LENOVO", "Lenovo Group"),
    "HP": ("HP", "Hewlett-Packard", "HP Inc.", "hp"),
    "Hewlett-Packard": ("HP", "Hewlett-Packard"),
    "HPE": ("HPE", "Hewlett Packard Enterprise"),
    "Apple": ("Apple", "Apple Inc.", "Apple Inc"),
    "samsung": ("Samsung", "SAMSUNG ELECTRONICS", "samsung"),
    "Cisco": ("Cisco", "Cisco Systems, Inc."),
}

SITES: dict[str, tuple[str, str, str]] = {
    "BER-01": ("Berlin", "Germany", "DE"), "MUC-02": ("München", "Germany", "DE"),
    "HAM-01": ("Hamburg", "Germany", "DE"),
    "CGN-01": ("Köln", "Germany", "DE"), "VIE-01": ("Wien", "Austria", "AT"), "ZRH-01": ("Zürich", "Switzerland", "CH"),
    "PAR-03": ("Paris", "France", "FR"), "LON-01": ("London", "United Kingdom", "GB"),
    "WAW-01": ("Warszawa", "Poland", "PL"),
    "NYC-01": ("New York", "United States", "US"),
}  # fmt: skip
DEPARTMENTS: dict[str, str] = {
    "Finance": "CC1010", "Sales": "CC1020", "Engineering": "CC1030", "Legal": "CC1040", "Human Resources": "CC1050",
    "IT Operations": "CC1060", "Support": "CC1070", "Marketing": "CC1080", "Research": "CC1090", "Logistics": "CC1100",
}  # fmt: skip
TITLES = ("Analyst", "Engineer", "Senior Engineer", "Manager", "Team Lead", "Director", "Associate", "Specialist")
VENDORS = ("Bechtle GmbH", "CANCOM SE", "Computacenter AG", "SHI International", "Insight", "Bürotechnik Köhler GmbH")
GIVEN = (
    "Anna", "Ben", "Carla", "David", "Elena", "Farid", "Grace", "Hugo", "Inés", "Jonas", "Kira", "Liam", "Maya",
    "Nils", "Olga", "Paweł", "Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wei", "Xenia", "Yusuf", "Zoë",
    "Amir", "Bella", "Chen", "Dora", "Emil", "Fiona", "Goran", "Hana", "Igor", "Jürgen", "Kofi", "Léna", "Marco",
    "Nora", "Oskar", "Priya", "Rafael", "Söfia", "Tomáš", "Uma", "Victor", "Wanda", "Yara", "Zane", "Birgit",
    "Günther", "Heike", "Lothar", "Margarethe", "Stefan",
)  # fmt: skip
FAMILY = (
    "Smith", "Müller", "García", "Nguyen", "Kowalski", "Rossi", "Dubois", "Jensen", "Novák", "Silva", "Khan",
    "Ivanov", "Tanaka", "Kim", "Patel", "Brown", "Wilson", "Schmidt", "Weber", "Costa", "Moreau", "Larsen",
    "Horváth", "Popov", "Sato", "Park", "Singh", "Jones", "Taylor", "Fischer", "Meyer", "Santos", "Bernard",
    "Hansen", "Král", "Petrov", "Suzuki", "Choi", "Gupta", "Davies", "Evans", "Becker", "Hoffmann", "Pereira",
    "Laurent", "Olsen", "O'Brien", "Weiß", "Groß", "Łukasik", "Schäfer", "Köhler", "Brandt", "Vogel",
)  # fmt: skip
SOFTWARE: tuple[tuple[str, str, str], ...] = (
    ("Microsoft 365 Apps for enterprise", "Microsoft Corporation", "16.0.17928.{}"),
    ("Google Chrome", "Google LLC", "131.0.6778.{}"),
    ("7-Zip 24.08 (x64)", "Igor Pavlov", "24.{:02d}"),
    ("Zoom Workplace", "Zoom Video Communications, Inc.", "6.2.{}"),
    ("Adobe Acrobat", "Adobe", "24.004.{}"),
    ("CrowdStrike Falcon Sensor", "CrowdStrike, Inc.", "7.18.{}"),
    ("Mozilla Firefox", "Mozilla", "132.0.{}"),
    ("Notepad++", "Notepad++ Team", "8.7.{}"),
)
ACCESSORIES: tuple[tuple[str, str, str, int], ...] = (
    ("Dell Inc.", "WD22TB4 Thunderbolt Dock", "210-BDTD", 229),
    ("LENOVO", "ThinkPad Universal USB-C Dock", "40AY0090EU", 189),
    ("Logitech", "MX Keys Combo", "920-010926", 169), ("", "Headset, schnurlos, für Büro", "7599-848-109", 119),
    ("", "Microsoft 365 E3, 12 Monate", "CFQ7TTC0LFLX", 405),
)  # fmt: skip
PLACEHOLDERS = (
    "To be filled by O.E.M.", "Default string", "System Serial Number", "0", "None", "N/A", "Not Specified",
    "0123456789",
)  # fmt: skip
GOLDEN_NAMES = ("DESKTOP-IMAGE01", "WIN-GOLDEN", "localhost", "MacBook-Pro")
