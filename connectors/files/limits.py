"""How much of a file is believed before it is refused. Every limit has a test with a file that breaks it."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for hostile or broken files; sizes in bytes unless the name says otherwise.

    Attributes:
        files: Files one stream may match.
        file_bytes: Size of a file of rows, lines or elements, which are read piece by piece.
        document_bytes: Size of a file that has to be held in memory as a whole (JSON).
        record_bytes: One record: a line, a CSV row, an XML element.
        depth: Nesting of JSON or XML.
        columns: Columns of a table.
        cells: Cells of one worksheet.
        zip_entries: Members of a workbook.
        unpacked_bytes: Sum of the unpacked members of a workbook, or of one compressed inventory.
        strings_bytes: Unpacked text table of a workbook, which has to be held in memory.
        ratio: Unpacked by packed size, looked at from `ratio_from` bytes on.
        ratio_from: Smaller things may compress as well as they like.
        sidecar_bytes: A manifest or count file.
        page_records: Records of one page.
        page_bytes: A page ends early when its records are this large together.
        block_bytes: One read from the disk.
    """

    files: int = 200_000
    file_bytes: int = 8 * GIB
    document_bytes: int = 64 * MIB
    record_bytes: int = 16 * MIB
    depth: int = 100
    columns: int = 2_000
    cells: int = 20_000_000
    zip_entries: int = 2_000
    unpacked_bytes: int = 1 * GIB
    strings_bytes: int = 128 * MIB
    ratio: int = 200
    ratio_from: int = 1 * MIB
    sidecar_bytes: int = 4 * MIB
    page_records: int = 2_000
    page_bytes: int = 8 * MIB
    block_bytes: int = 1 * MIB


DEFAULT = Limits()
