"""The people, and what HR says about them: leavers as termination facts, rehires, leave, future joiners."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from simulators.estate import dirt
from simulators.estate.catalogue import DEPARTMENTS, FAMILY, GIVEN, SITES, TITLES
from simulators.estate.model import Person, Truth

DOMAIN = "corp.example"


def make_people(rng: Random, count: int, today: date) -> list[Person]:
    """Make `count` people; about 3 % joiners to come, 6 % leavers (a third of them still to go), 2 % rehired."""
    people: list[Person] = []
    for i in range(count):
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        local = f"{dirt.ascii_of(given)}.{dirt.ascii_of(family)}{i or ''}"
        department = rng.choice(list(DEPARTMENTS))
        status, starts, ends = _employment(rng, today)
        people.append(
            Person(
                id=f"P{i:05d}",
                employee_id=f"E{100000 + i}",
                given_name=given,
                family_name=family,
                email=f"{local}@{DOMAIN}",
                department=department,
                cost_centre=DEPARTMENTS[department],
                site=rng.choice(list(SITES)),
                manager_id=f"E{100000 + rng.randrange(max(1, i // 8 + 1))}" if i else "",
                job_title=rng.choice(TITLES),
                status=status,
                starts_on=starts,
                ends_on=ends,
                phone=f"+49 30 {dirt.digits(rng, 7)}",
                former_id=f"E{900000 + i}" if status == "active" and rng.random() < 0.02 else None,
            )
        )
    return people


def _employment(rng: Random, today: date) -> tuple[str, date, date | None]:
    started = today - timedelta(days=30 + rng.randrange(3600))
    draw = rng.random()
    if draw < 0.03:
        return "prehire", today + timedelta(days=5 + rng.randrange(60)), None
    if draw < 0.07:
        return "terminated", started, max(started, today - timedelta(days=1 + rng.randrange(200)))
    if draw < 0.09:
        return "active", started, today + timedelta(days=7 + rng.randrange(60))
    if draw < 0.11:
        return "leave", started, None
    return "active", started, None


def hr_records(rng: Random, people: list[Person], today: date, truth: Truth) -> list[dict[str, Any]]:
    """Write the people down as HR exports them, in random order; a rehired person stands there twice."""
    records = []
    for person in people:
        records.append(_record(rng, person, today))
        truth.people[person.employee_id] = person.id
        if person.former_id:
            records.append(_former(rng, person, records[-1]))
            truth.people[person.former_id] = person.id
    rng.shuffle(records)
    return records


def _record(rng: Random, person: Person, today: date) -> dict[str, Any]:
    moved = today - timedelta(days=1 + rng.randrange(300))
    return {
        "employee_id": person.employee_id,
        "first_name": person.given_name,
        "last_name": person.family_name,
        "display_name": person.name,
        "email": person.email,
        "user_principal_name": person.email,
        "department": person.department,
        "cost_center": person.cost_centre,
        "location": person.site,
        "manager_employee_id": person.manager_id or None,
        "job_title": person.job_title,
        "status": person.status,
        "hire_date": person.starts_on.isoformat(),
        "termination_date": person.ends_on.isoformat() if person.ends_on else None,
        "phone": person.phone,
        "updated_at": f"{moved.isoformat()}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z",
    }


def _former(rng: Random, person: Person, record: dict[str, Any]) -> dict[str, Any]:
    ended = person.starts_on - timedelta(days=90 + rng.randrange(700))
    return record | {
        "employee_id": person.former_id,
        "first_name": person.given_name.upper() if rng.random() < 0.3 else person.given_name,
        "email": person.email.upper() if rng.random() < 0.5 else person.email,
        "status": "terminated",
        "hire_date": (ended - timedelta(days=400 + rng.randrange(1500))).isoformat(),
        "termination_date": ended.isoformat(),
    }


def graph_users(rng: Random, people: list[Person]) -> list[dict[str, Any]]:
    """Write the people down as Entra ID users; those who have left are disabled, joiners are not there yet."""
    return [
        {
            "id": dirt.guid(rng),
            "businessPhones": [p.phone],
            "displayName": p.name,
            "givenName": p.given_name,
            "surname": p.family_name,
            "jobTitle": p.job_title,
            "mail": p.email,
            "mobilePhone": None,
            "officeLocation": p.site,
            "preferredLanguage": None,
            "userPrincipalName": p.email,
            "accountEnabled": p.status != "terminated",
            "department": p.department,
            "employeeId": p.employee_id,
            "userType": "Member",
        }
        for p in people
        if p.status != "prehire"
    ]
