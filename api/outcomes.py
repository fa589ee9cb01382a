"""What an import of rows says of its findings: a table and lines for a person, JSON for a program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.files import renamed

if TYPE_CHECKING:
    from rich.console import Console

    from geo.findings import Findings

_SHOWN = 20


def told(findings: Findings) -> dict[str, Any]:
    """Totals by kind, and everything listed, as JSON has it."""
    listed = [
        {"kind": one.kind.key, "row": one.row, "column": one.column, "value": one.value, "refused": one.kind.refuses}
        for one in findings.listed
    ]
    return {"totals": dict(findings.totals), "findings": listed}


def write_layer(path: Path | None, findings: Findings) -> None:
    """Everything listed is at ``path`` as a GeoJSON layer; nothing is written for None.

    Within the transaction of the import: where it cannot be written nothing is stored.

    Raises
    ------
    Refused
        When it cannot be written.
    """
    if path is not None:
        with renamed(path) as unfinished:
            unfinished.write_text(findings.geojson(), encoding="utf-8")


def show(console: Console, columns: dict[str, str], findings: Findings) -> None:
    """Print which column serves which field, how often each kind was found, and the first findings, refusals ahead."""
    from rich.markup import escape
    from rich.table import Table

    console.print("字段 ← 列 · " + escape(", ".join(f"{name} ← {column}" for name, column in columns.items())))
    table = Table("问题 Finding", "行数 Rows", "后果 Effect")
    for key, number in findings.totals.items():
        kind = findings.kinds[key]
        table.add_row(f"{kind.zh} {escape(kind.en)}", f"{number:,}", "拒收 refused" if kind.refuses else "保留 kept")
    if findings.totals:
        console.print(table)
    ordered = sorted(findings.listed, key=lambda found: (not found.kind.refuses, found.row))
    for found in ordered[:_SHOWN]:
        console.print(escape(found.message), highlight=False, soft_wrap=True)
    if len(ordered) > _SHOWN:
        console.print(f"… {len(ordered) - _SHOWN:,} more; all of them: --json")
