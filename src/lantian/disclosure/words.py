"""Chinese text as words: for searching, grouping and counting. Pure; the dictionary comes with `rjieba`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

_LITTLE: Final = (
    "的 了 是 在 我 我们 你 你们 他 他们 她 它 这 那 这个 那个 这里 那里 和 与 及 或 也 都 就 还 又 再 很 "
    "太 最 更 被 把 对 从 到 向 给 让 请 有 没有 没 不 不是 吗 呢 吧 啊 呀 哦 嗯 一个 一下 一些 一直 什么 "
    "怎么 怎样 为什么 多少 哪里 几个 现在 今天 昨天 明天 已经 可以 能 能否 会 要 应该 希望 需要 请问 您好 "
    "你好 谢谢 领导 一 二 三 两 个 次 天 年 月 日 上 下 里 外 中 大 小 多 少 来 去 说 看 做 用 进行 情况 "
    "问题 有关 部门 相关 这样 那样 以及 因为 所以 但是 如果 而且 然后 非常 特别 比较 示例 编号"
)
_STOP: Final = frozenset(_LITTLE.split())
"""Words that tell nothing of what a text is about."""
_WORD: Final = re.compile(r"[\w]+")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in their order, in small letters: `PM2.5` is ``pm25``; signs are left out.

    Example:
        >>> tokens("朝阳区工地扬尘，PM2.5超标")
        ('朝阳区', '工地', '扬尘', 'pm25', '超标')
    """
    return tuple(word for part in _jieba().cut(_plain(text)) if (word := _clean(part)))


def telling(text: str) -> tuple[str, ...]:
    """The words that tell what a text is about: two signs or more, none of the usual little words, no number."""
    return tuple(word for word in tokens(text) if len(word) > 1 and word not in _STOP and not word.isdigit())


def indexed(*texts: str) -> str:
    """Words under which texts are found, parted by blanks: long words with the short ones in them."""
    found: dict[str, None] = {}
    for text in texts:
        for part in _jieba().cut_for_search(_plain(text)):
            if word := _clean(part):
                found[word] = None
    return " ".join(found)


def asked(text: str) -> tuple[str, ...]:
    """The words of a query, each once; the little ones only where there are no others."""
    every = tuple(dict.fromkeys(tokens(text)))
    return tuple(word for word in every if word not in _STOP) or every


def tsquery(words: Iterable[str], every: bool = True) -> str:
    """Words as a query of PostgreSQL: all of them, or any."""
    return (" & " if every else " | ").join(f"'{word}'" for word in words)


def _plain(text: str) -> str:
    return re.sub(r"(?<=[a-z])(\d+)\.(\d)", r"\1\2", unicodedata.normalize("NFKC", text).casefold())


def _clean(part: str) -> str:
    return "".join(_WORD.findall(part)).replace("_", "")


@cache
def _jieba() -> Any:
    import rjieba  # its dictionary takes a moment, which no other command needs

    return rjieba
