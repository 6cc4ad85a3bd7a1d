"""Reading in bulk: the dataset `employee` (fields v1.2, data v2) and saved custom reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulators.bamboohr.dataset import Query, problem
from simulators.bamboohr.errors import BambooError
from simulators.bamboohr.fields import ZERO_DATE, Field
from simulators.http import Request, Response

if TYPE_CHECKING:
    from simulators.bamboohr.app import BambooHR

DATASET = "employee"
Headers = list[tuple[str, str]]


class Bulk:
    """The bulk endpoints of one company.

    Args:
        bamboo: The company.
        datasets: Whether the key's owner may use the datasets.
        reports: Saved custom reports: id -> (name, dataset fields).
    """

    def __init__(self, bamboo: BambooHR, *, datasets: bool, reports: Mapping[int, tuple[str, tuple[str, ...]]]) -> None:
        self._bamboo = bamboo
        self.allowed = datasets
        self.reports = dict(reports)
        self.empty_pages: set[int] = set()
        self.short_pages: set[int] = set()

    def answer(self, request: Request, parts: list[str], headers: Headers) -> Response:
        """Answer one request; `parts` is the path behind the API root."""
        params = request.params()
        match request.method, *parts:
            case "GET", "v1_2", "datasets":
                if not self.allowed:
                    raise _refuse(403, "Insufficient permissions to access datasets.")
                return Response.json({"datasets": [{"name": DATASET, "label": "Employee"}]}, headers=headers)
            case "GET", "v1_2", "datasets", name, "fields":
                return Response.json(self._fields(name, params), headers=headers)
            case "POST", "v2", "datasets", name, "data":
                return Response.json(self._data(name, request), headers=headers)
            case "GET", "v1", "custom-reports":
                listed = [{"id": key, "name": name} for key, (name, _) in sorted(self.reports.items())]
                page, pagination = _paged(listed, params, 500)
                return Response.json({"reports": page, "pagination": pagination}, headers=headers)
            case "GET", "v1", "custom-reports", number:
                return Response.json(self._report(number, params), headers=headers)
        raise BambooError(404)

    def _known(self) -> dict[str, Field]:
        return {f.dataset: f for f in self._bamboo.seen_fields() if f.dataset}

    def _fields(self, name: str, params: Mapping[str, str]) -> dict[str, Any]:
        if not self.allowed:
            raise _refuse(403, "Insufficient permissions to access dataset fields.")
        if name != DATASET:
            raise _refuse(422, "The dataset was not found.", "DATASET_NOT_FOUND")
        described = [
            {
                "name": f.dataset,
                "label": f.label,
                "parentType": "page" if f.entity == "personal" else "table",
                "parentName": f.entity.capitalize(),
                "entityName": f.entity,
                "type": f.type,
            }
            for f in self._known().values()
        ]
        page, pagination = _paged(described, params, 500)
        return {"pagination": pagination, "name": DATASET, "label": "Employee", "fields": page}

    def _data(self, name: str, request: Request) -> dict[str, Any]:
        if not self.allowed or name != DATASET:
            raise problem(404, "The dataset does not exist or is not accessible.")
        try:
            body = json.loads(request.body)
        except ValueError:
            raise problem(400, "The body is no JSON.", "INVALID_REQUEST") from None
        query = Query(body, self._known())
        found = query.sort([row for row in self._rows() if query.test(row)])
        start, end = self._bounds(query.page, query.size)
        pages = max(1, -(-len(found) // query.size)) + len(self.empty_pages) + len(self.short_pages)
        origin = self._bamboo.next_link_origin or f"http://{request.headers.get('host', 'localhost')}"
        links = {}
        if end < len(found):
            links["next"] = f"{origin}{request.path}?page={query.page + 1}"
        if query.page > 1:
            links["prev"] = f"{origin}{request.path}?page={query.page - 1}"
        meta = {"page": query.page, "pageSize": query.size, "totalPages": pages, "totalItems": len(found)}
        data = [{"fields": {name: row[name] for name in query.fields}} for row in found[start:end]]
        return {"data": data, "links": links, "meta": meta}

    def _bounds(self, page: int, size: int) -> tuple[int, int]:
        """Return where a page starts and ends; some may be empty or short."""
        start = sum(self._size(n, size) for n in range(1, page)) if self._bent() else (page - 1) * size
        return start, start + self._size(page, size)

    def _bent(self) -> bool:
        return bool(self.empty_pages or self.short_pages)

    def _size(self, page: int, size: int) -> int:
        return 0 if page in self.empty_pages else max(1, size // 2) if page in self.short_pages else size

    def _rows(self) -> list[dict[str, str]]:
        """Work out what the dataset holds: every value a text, employees of every status."""
        known, company = self._known(), self._bamboo.company
        rows = []
        for employee in self._bamboo.visible():
            values = company.values(employee)
            rows.append({name: values.get(f.alias, ZERO_DATE if f.type == "date" else "") for name, f in known.items()})
        return rows

    def _report(self, number: str, params: Mapping[str, str]) -> dict[str, Any]:
        report = self.reports.get(int(number)) if number.isdigit() else None
        if report is None:
            raise BambooError(404, "Report not found.", form="object")
        rows = [{name: row.get(name) or None for name in report[1]} for row in self._rows()]
        page, pagination = _paged(rows, params, 500)
        return {"data": page, "aggregations": [], "pagination": pagination}


def _refuse(status: int, detail: str, code: str = "") -> BambooError:
    return BambooError(status, detail, form="problem", code=code)


def _paged(items: list[Any], params: Mapping[str, str], default: int) -> tuple[list[Any], dict[str, Any]]:
    """Cut a page out; pages that do not exist are clamped, sizes that make no sense fall back, as documented."""
    size = params.get("page_size", "")
    count = min(int(size), 1000) if size.isdigit() and int(size) else default
    pages = max(1, -(-len(items) // count))
    number = params.get("page", "")
    page = min(max(int(number) if number.isdigit() else 1, 1), pages)
    pagination = {
        "total_records": len(items), "current_page": page, "total_pages": pages,
        "next_page": f"?page={page + 1}&page_size={count}" if page < pages else None,
        "prev_page": f"?page={page - 1}&page_size={count}" if page > 1 else None,
    }  # fmt: skip
    return items[(page - 1) * count : page * count], pagination
