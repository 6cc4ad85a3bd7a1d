"""Measures what mapping costs: CPU per record of each file stream over a generated estate.

    python bench/mapping_speed.py DIR

DIR is a directory with procurement, hr, mdm and discovery as NDJSON. Cold is the first pass with fresh caches, warm the
best of the following ones. The last line is JSON: microseconds of CPU per record, by stream.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import orjson

from mapping.drift import ShapeObserver
from mapping.engine import FieldMap
from mapping.loader import load_map

MAPS = Path(__file__).resolve().parents[1] / "connectors" / "files" / "maps"
STREAMS = {
    "procurement": "purchase_order_lines",
    "hr": "employees",
    "mdm": "devices",
    "discovery": "hosts",
}
PASSES = 5


def measure(field_map: FieldMap, payloads: list[dict[str, object]]) -> dict[str, float]:
    """Return CPU microseconds per record (cold, warm, observing shapes) and filled fields per record."""
    times = []
    fields = 0
    for _ in range(PASSES):
        fields = 0
        start = time.process_time()
        for payload in payloads:
            record = field_map.map(payload)
            fields += len(record.fields) if record else 0
        times.append(time.process_time() - start)
    observer = ShapeObserver(field_map)
    start = time.process_time()
    for payload in payloads:
        observer.observe(payload)
    watched = time.process_time() - start
    per_record = 1e6 / len(payloads)
    return {
        "records": len(payloads),
        "fields": round(fields / len(payloads), 1),
        "cold_us": round(times[0] * per_record, 1),
        "warm_us": round(min(times[1:]) * per_record, 1),
        "drift_us": round(watched * per_record, 1),
    }


def main(directory: Path) -> None:
    """Measure every stream and print a table and one line of JSON."""
    figures = {}
    print(f"{'stream':14}{'records':>9}{'fields':>8}{'cold us':>9}{'warm us':>9}{'drift us':>10}")
    for stream, name in STREAMS.items():
        with (directory / f"{stream}.ndjson").open("rb") as lines:
            payloads = [orjson.loads(line) for line in lines]
        row = measure(load_map(MAPS / f"{name}.yaml"), payloads)
        figures[stream] = row
        columns = f"{row['records']:>9}{row['fields']:>8}{row['cold_us']:>9}{row['warm_us']:>9}{row['drift_us']:>10}"
        print(f"{stream:14}{columns}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
