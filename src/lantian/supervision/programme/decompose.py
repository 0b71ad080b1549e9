"""Decomposition 分解: city to county to township to enterprise, so that nothing is lost and nothing asked for twice.

Quantities are compared exactly; what a unit has not handed down is named 未分解 and is its own to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lantian.kernel.accounts import covers
from lantian.kernel.said import Said, joined
from lantian.supervision.programme.task import Task, TaskError


@dataclass(frozen=True)
class Division:
    """How a task was handed down.

    Attributes:
        task: the task above.
        children: what was made of it.
        given: their sum; ``rest``: what is left 未分解, negative where too much was handed down.
        faults: sentences, empty where everything fits.
    """

    task: Task
    children: tuple[Task, ...]
    given: Decimal
    rest: Decimal
    faults: tuple[Said, ...]


def children_of(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    """Tasks that hold, by the number of the one above."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        if task.parent is not None and not task.withdrawn:
            found.setdefault(task.parent, []).append(task)
    return found


def divide(task: Task, children: Sequence[Task]) -> Division:
    """Judge how a task was handed down."""
    mine = tuple(child for child in children if not child.withdrawn)
    given = sum((child.quantity for child in mine), Decimal(0))
    faults = [fault for child in mine for fault in _faults(task, child)]
    rest = task.quantity - given
    if rest < 0:
        faults.append(
            Said(
                f"task {task.number}: {given} {task.unit} handed down, {-rest} more than its quantity, {task.quantity}",
                f"任务 {task.number}：已分解 {given} {task.unit}，比任务量 {task.quantity} 多 {-rest}",
            )
        )
    return Division(task, mine, given, rest, tuple(faults))


def check(task: Task, tasks: Mapping[str, Task]) -> None:
    """Refuse a task that does not fit those above, beside and below it.

    Args:
        task: the new or changed one.
        tasks: every task that holds, by number, with or without it.

    Raises TaskError: every fault, and what would be right.
    """
    known = {number: one for number, one in tasks.items() if not one.withdrawn}
    below = [one for one in known.values() if one.parent == task.number and task.number]
    if task.withdrawn:
        if below:
            raise TaskError(
                f"task {task.number}: {len(below)} were handed down from it; withdraw those first",
                f"任务 {task.number} 已分解出 {len(below)} 项，请先撤回下级任务",
            )
        return
    if task.parent is not None:
        above = known.get(task.parent)
        if above is None:
            raise TaskError(
                f"parent {task.parent!r}: expected the number of a task that holds",
                f"上级任务“{task.parent}”：应为在册任务的编号",
            )
        _check_circle(task, known)
        beside = [one for one in known.values() if one.parent == task.parent and one.number != task.number]
        _refuse(divide(above, [*beside, task]).faults)
    _refuse(divide(task, below).faults)


def faults(tasks: Iterable[Task]) -> list[Said]:
    """Every fault of a whole list, in its order: parents that are missing or in a circle, and what `divide` finds."""
    known = {task.number: task for task in tasks if not task.withdrawn}
    below = children_of(known.values())
    found: list[Said] = []
    for task in known.values():
        if task.parent is not None and task.parent not in known:
            found.append(
                Said(
                    f"task {task.number}: parent {task.parent!r}: expected the number of a task that holds",
                    f"任务 {task.number} 的上级任务“{task.parent}”：应为在册任务的编号",
                )
            )
            continue
        try:
            _check_circle(task, known)
        except TaskError as error:
            found.append(Said(error.en, error.zh))
            continue
        found += divide(task, below.get(task.number, ())).faults
    return found


def _faults(task: Task, child: Task) -> list[Said]:
    name, name_zh = f"task {child.number or child.title}", f"任务 {child.number or child.title}"
    found = []

    def add(en: str, zh: str) -> None:
        found.append(Said(f"{name}: {en}", f"{name_zh} 的{zh}"))

    above, above_zh = f"as task {task.number} above it", f"与上级任务 {task.number} 一致"
    if child.unit != task.unit:
        add(f"unit {child.unit!r}: expected {task.unit!r}, {above}", f"单位“{child.unit}”应为“{task.unit}”，{above_zh}")
    if child.due > task.due:
        add(
            f"due {child.due}: expected {task.due} or earlier, the last day of task {task.number}",
            f"期限 {child.due} 应不晚于上级任务 {task.number} 的 {task.due}",
        )
    if not covers(task.region, child.region):
        add(
            f"region {child.region}: expected one in {task.region}, {above}",
            f"区域 {child.region} 应在 {task.region} 之内，{above_zh}",
        )
    if child.programme != task.programme:
        add(
            f"programme {child.programme!r}: expected {task.programme!r}, as task {task.number}",
            f"方案“{child.programme}”应为“{task.programme}”，{above_zh}",
        )
    return found


def _check_circle(task: Task, tasks: Mapping[str, Task]) -> None:
    seen, above = {task.number}, task.parent
    while above is not None:
        if above in seen:
            raise TaskError(
                f"task {task.number}: parent {task.parent!r}: it lies below the task itself",
                f"任务 {task.number} 的上级任务“{task.parent}”是它自己的下级",
            )
        seen.add(above)
        above = tasks[above].parent if above in tasks else None


def all_of(found: Sequence[Said]) -> TaskError:
    """One error that says every fault."""
    whole = joined(found, zh="；", en="; ")
    return TaskError(whole, whole.zh)


def _refuse(found: Sequence[Said]) -> None:
    if found:
        raise all_of(found)
