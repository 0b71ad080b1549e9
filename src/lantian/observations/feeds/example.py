"""The feeds of an example folder 示例: every ``<feed>/*.csv``, in the order of their references, and a few grants.

Twice changes nothing. Each record is known since its own time (a day's or a month's since its end), so that a replay
sees it come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.observations.catalogue import grants
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.service import Feeds, Receipt


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> dict[str, Receipt]:
    """Bring all records of the folder that ``feeds`` names, and the requests of ``requests``; gives the receipts.

    Raises:
        FeedError: a folder has no definition, or a file of the example is wrong: it is ours, so it must be right.
    """
    if "feeds" not in config:
        return {}
    folder, feeds = Path(config["feeds"]), Feeds(platform)
    known = feeds.all()
    named = {one.name for one in folder.iterdir() if one.is_dir()}
    if unknown := sorted(named - known.keys()):
        raise FeedError(f"{folder}, {unknown[0]}: there is no such feed; there are {', '.join(sorted(known))}")
    progress.stage("共享数据 feeds", total=len(named))
    done = {}
    for name in in_order({name: known[name] for name in named}):
        for path in sorted((folder / name).glob("*.csv")):
            receipt = done[name] = feeds.put(name, path, actor, known_at="time", example=True)
            if receipt.rejected:
                wrong = feeds.rejected(receipt.batch).to_dicts()[0]
                raise FeedError("{file}, line {line}, {field}: {value!r}; {reason_en}".format(**wrong))
        progress.advance(message=known[name].zh)
    _requests(platform, config.get("requests", []), feeds)
    return done


def in_order(feeds: Mapping[str, Feed]) -> list[str]:
    """Names so that each feed comes after those that it refers to."""
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above or name not in feeds:
            return
        for other in feeds[name].references:
            visit(other, (*above, name))
        ordered.append(name)

    for name in sorted(feeds):
        visit(name, ())
    return ordered


def _requests(platform: Platform, asked: list[Mapping[str, Any]], feeds: Feeds) -> None:
    """Put in requests of departments, some of them granted; not again where a department has asked before."""
    from lantian.kernel.accounts import Account, Grant

    now = platform.clock.now()
    for one in asked:
        feed = feeds.feed(one["feed"])
        if grants.requests(platform.engine, [feed.name], department=one["department"]):
            continue
        number = grants.request(
            platform.engine,
            feed,
            one["department"],
            one.get("region"),
            one["purpose"],
            now - timedelta(days=3),
            "示例申请人",
            example=True,
        )
        if "until" in one:
            owner = Account(
                None,
                "示例管理员",
                "示例管理员",
                feed.owner,
                grants=(Grant("owner", frozenset({"feeds.manage"}), feed.owner),),
            )
            grants.decide(
                platform.engine,
                feed,
                number,
                "granted",
                now - timedelta(days=2),
                owner,
                until=one["until"],
                region=one.get("region"),
            )
