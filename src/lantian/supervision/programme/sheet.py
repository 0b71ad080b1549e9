"""The task list as a workbook (XLSX): what is written is read back whole; a row that cannot be used is named.

Sheet 任务 holds one task a row, sheet 倒排工期 the steps of each. Heads are Chinese, or names of `task.Task`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from lantian.kernel.said import Said, SaidError, joined
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.programme import cells
from lantian.supervision.programme.task import FIELDS, Step, Task, TaskError, units
from lantian.supervision.programme.templates import Template, schedule

TASKS: Final = "任务"
STEPS: Final = "倒排工期"
NOTES: Final = "说明"
COLUMNS: Final = FIELDS
STEP_COLUMNS: Final[Mapping[str, str]] = {"number": "任务编号", "text": "节点", "due": "日期", "share": "累计占比%"}
NEEDED: Final = ("title", "region", "department", "quantity", "unit", "start", "due")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell or row: sheet, row (1 is the head), head of the column, value, what would be right (in
    both languages).
    """

    sheet: str
    row: int
    field: str
    value: str
    expected: Said

    def __str__(self) -> str:
        where = f"sheet {self.sheet}, row {self.row}" + (f", {self.field}" if self.field else "")
        return f"{where}: {self.value!r}: expected {self.expected}" if self.value else f"{where}: {self.expected}"

    @property
    def said(self) -> Said:
        """The fault as a sentence."""
        where = f"工作表 {self.sheet} 第 {self.row} 行{self.field}"
        zh = f"{where}“{self.value}”：应为{self.expected.zh}" if self.value else f"{where}：{self.expected.zh}"
        return Said(str(self), zh)


class SheetError(SaidError):
    """A workbook with faults; `faults` are all of them, the message the first five."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        told = [one.said for one in faults[:5]]
        if len(faults) > 5:
            told.append(Said(f"and {len(faults) - 5} more", f"另有 {len(faults) - 5} 处"))
        whole = joined(told, zh="；", en="; ")
        super().__init__(whole, whole.zh)


def write(tasks: Iterable[Task]) -> bytes:
    """A workbook of tasks."""
    listed = list(tasks)
    rows = [{name: cells.plain(getattr(task, name), name) for name in COLUMNS} for task in listed]
    steps = [
        {"number": task.number, "text": step.text, "due": step.due, "share": cells.plain(step.share, "share")}
        for task in listed
        for step in task.steps
    ]
    return _book(rows, steps, ("任务清单；改动后可再导入，任务编号不变即为同一任务。",))


def blank(template: Template, *, programme: str, region: str, start: date, due: date) -> bytes:
    """A workbook with every item of a template, its unit, department and usual steps; quantities to be filled in."""
    rows, steps = [], []
    for item in template.items.values():
        number = f"{programme}-{item.code}" if programme else item.code
        known = {"number": number, "programme": programme, "item": item.code, "title": item.zh, "region": region}
        rows.append(
            {
                **known,
                "department": DEPARTMENTS[item.department].zh,
                "unit": item.unit,
                "start": start,
                "due": due,
                "source": cells.SOURCE_NAMES["programme"],
            }
        )
        steps += [
            {"number": number, "text": step.text, "due": step.due, "share": cells.plain(step.share, "share")}
            for step in schedule(item, start, due)
        ]
    return _book(rows, steps, (template.zh, template.note[0], "填入数量后导入；不承担的条目删去整行及其节点。"))


def read(source: Path | bytes) -> list[Task]:
    """The tasks of a workbook, in its order.

    Raises SheetError with every fault; then nothing should be used.
    """
    faults: list[Fault] = []
    try:
        book = load_workbook(BytesIO(source) if isinstance(source, bytes) else source, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
        said = Said(f"this is no XLSX workbook ({error})", "不是 XLSX 工作簿")
        raise SheetError([Fault("-", 0, "", "", said)]) from None
    if TASKS not in book.sheetnames:
        wanted = Said(f"a sheet called {TASKS}", f"名为“{TASKS}”的工作表")
        raise SheetError([Fault("-", 0, "", ", ".join(book.sheetnames), wanted)])
    faults += [
        Fault(
            name,
            0,
            "",
            "",
            Said(f"unknown sheet; expected {TASKS}, {STEPS}, {NOTES}", f"多余的工作表，应为{TASKS}、{STEPS}、{NOTES}"),
        )
        for name in book.sheetnames
        if name not in (TASKS, STEPS, NOTES)
    ]
    rows = _rows(book[TASKS], TASKS, COLUMNS, NEEDED, faults)
    found = [(row, task) for row, line in rows if (task := _task(row, line, faults)) is not None]
    numbers = [task.number for _, task in found if task.number]
    for row, task in found:
        if task.number and numbers.count(task.number) > 1:
            faults.append(
                Fault(
                    TASKS,
                    row,
                    COLUMNS["number"],
                    task.number,
                    Said("a number of its own for each row", "各行不同的编号"),
                )
            )
    steps = (
        _steps(book[STEPS], {cells.text(line.get("number")) for _, line in rows}, faults)
        if STEPS in book.sheetnames
        else {}
    )
    tasks = [_with_steps(row, task, steps.get(task.number, []), faults) for row, task in found]
    if faults:
        raise SheetError(faults)
    return tasks


_NUMBER: Final = Said(f"a number of sheet {TASKS}", f"工作表“{TASKS}”里的编号")
_WHAT: Final = Said("what is done, by when", "做什么、何时完成")


def _empty(wanted: Said) -> Said:
    return Said(f"it is empty; expected {wanted}", f"不能为空，应为{wanted.zh}")


def _task(row: int, line: Mapping[str, Any], faults: list[Fault]) -> Task | None:
    values: dict[str, Any] = {}
    before = len(faults)
    for name, cell in line.items():
        reader: Callable[[Any], Any] = cells.READERS.get(name, cells.text)
        try:
            values[name] = reader(cell)
        except SaidError as error:
            faults.append(Fault(TASKS, row, COLUMNS[name], str(cell), Said(error.en, error.zh)))
    for name in NEEDED:
        if values.get(name) in (None, "") and not any(f.row == row and f.field == COLUMNS[name] for f in faults):
            faults.append(Fault(TASKS, row, COLUMNS[name], "", _empty(cells.WANTED[name])))
    if len(faults) > before:
        return None
    plain = {name: value for name, value in values.items() if value is not None}
    try:
        return Task(**plain)
    except TaskError as error:
        field, _, rest = error.en.partition(" ")
        said = Said(rest if field in COLUMNS else error.en, error.zh)
        faults.append(Fault(TASKS, row, COLUMNS.get(field.rstrip(":"), ""), "", said))
        return None


def _steps(sheet: Any, numbers: set[str | None], faults: list[Fault]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    readers: Mapping[str, Callable[[Any], Any]] = {"due": cells.day, "share": cells.share}
    for row, line in _rows(sheet, STEPS, STEP_COLUMNS, ("number", "text", "due"), faults):
        number, text = cells.text(line.get("number")), cells.text(line.get("text"))
        if number is None or number not in numbers:
            faults.append(Fault(STEPS, row, STEP_COLUMNS["number"], number or "-", _NUMBER))
            continue
        values: dict[str, Any] = {}
        for name, reader in readers.items():
            try:
                values[name] = reader(line.get(name))
            except SaidError as error:
                said = Said(error.en, error.zh)
                faults.append(Fault(STEPS, row, STEP_COLUMNS[name], str(line.get(name)), said))
        if not text or values.get("due") is None:
            empty = "due" if text else "text"
            if "due" in values or not text:
                faults.append(Fault(STEPS, row, STEP_COLUMNS[empty], "", _empty(_WHAT)))
            continue
        if len(values) == 2:
            found.setdefault(number, []).append(Step(text, values["due"], values["share"]))
    return found


def _with_steps(row: int, task: Task, steps: list[Step], faults: list[Fault]) -> Task:
    try:
        return replace(task, steps=tuple(steps))
    except TaskError as error:
        said = Said(f"task {task.number}: {error}", f"任务 {task.number}：{error.zh}")
        faults.append(Fault(TASKS, row, "", "", said))
        return task


def _rows(
    sheet: Any, name: str, columns: Mapping[str, str], needed: Sequence[str], faults: list[Fault]
) -> list[tuple[int, dict[str, Any]]]:
    """Rows that are not blank, by field; unknown and missing heads are faults."""
    lines = sheet.iter_rows(values_only=True)
    heads = [str(head).strip() if head is not None else "" for head in next(lines, ())]
    known = {head: field for field, label in columns.items() for head in (field, label)}
    faults += [
        Fault(
            name,
            1,
            head,
            "",
            Said(
                f"unknown column; expected {', '.join(columns.values())}",
                f"多余的列，应为{'、'.join(columns.values())}",
            ),
        )
        for head in heads
        if head and head not in known
    ]
    faults += [
        Fault(name, 1, columns[field], "", Said("the column is missing", "缺少这一列"))
        for field in needed
        if not {field, columns[field]} & set(heads)
    ]
    found = []
    for number, line in enumerate(lines, 2):
        mine = {known[head]: value for head, value in zip(heads, line, strict=False) if head in known}
        strange = [value for head, value in zip(heads, line, strict=False) if not head and value is not None]
        if strange:
            said = Said("no value in a column without a head", "空，这一列没有表头")
            faults.append(Fault(name, number, "", str(strange[0]), said))
        if any(value is not None and str(value).strip() for value in mine.values()):
            found.append((number, mine))
    return found


def _book(rows: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> bytes:
    book = Workbook()
    del book["Sheet"]
    for name, columns, lines in ((TASKS, COLUMNS, rows), (STEPS, STEP_COLUMNS, steps)):
        sheet = book.create_sheet(name)
        sheet.append(list(columns.values()))
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for line in lines:
            sheet.append([line.get(field) for field in columns])
        for cell in (cell for row in sheet.iter_rows(min_row=2) for cell in row if isinstance(cell.value, str)):
            cell.data_type = "s"  # a text that begins with = is no formula
        sheet.freeze_panes = "A2"
        for letter, width in zip(
            "ABCDEFGHIJKLMNO", (16, 12, 10, 30, 12, 16, 10, 8, 12, 12, 16, 20, 10, 14, 8), strict=True
        ):
            sheet.column_dimensions[letter].width = width
    sheet = book.create_sheet(NOTES)
    for note in (*notes, f"单位：{'、'.join(units())}", f"责任部门：{'、'.join(d.zh for d in DEPARTMENTS.values())}"):
        sheet.append([note])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
