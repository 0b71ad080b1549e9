"""Putting the example's public side 示例 into a platform: complaints, questions, messages and stock answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lantian.disclosure.opinion import example as opinion
from lantian.disclosure.questions import example as questions
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.supervision.complaints import example as complaints
from lantian.supervision.events import BEIJING

_NEEDED = ("group", "until")


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> dict[str, int]:
    """Keep what the public of ``[campaign]`` complained of, asked and wrote up to ``until``; how many were new.

    What is there already stays as it is, so a second run changes nothing.

    Raises:
        ValueError: ``group`` or ``until`` is missing. LookupError: no such group.
    """
    if missing := [name for name in _NEEDED if name not in config]:
        raise ValueError(f"[campaign] {missing[0]}: missing")
    progress.stage("示例公众 complaints, questions, messages")
    until = datetime.fromisoformat(str(config["until"])).replace(tzinfo=BEIJING)
    group, seed = str(config["group"]), int(config.get("seed", 2016))
    new = {
        "complaints": complaints.install(platform, group, until, actor, seed=seed),
        "questions": questions.install(platform, until, actor),
        "messages": opinion.install(platform, group, until, actor, seed=seed),
    }
    progress.advance(message=", ".join(f"{count} {name}" for name, count in new.items()))
    return new
