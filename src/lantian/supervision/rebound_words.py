"""What each field of a rebound's score says, in words. Names of people and telephone numbers are not repeated here."""

from __future__ import annotations

from typing import Final

from lantian.supervision.rebound_levels import UNKNOWN, Profile, distance

TITLES: Final = {
    "prior": ("先验", "Prior"),
    "name": ("名称", "Name"),
    "person": ("负责人", "Person"),
    "phone": ("电话", "Telephone"),
    "equipment": ("设备", "Equipment"),
    "place": ("地点", "Place"),
    "industry": ("行业", "Industry"),
    "code": ("信用代码", "Credit code"),
}
"""What each part is called."""

_SAID: Final = {
    ("prior", ""): ("任取一家就是它的可能", "the chance of any one site, before looking"),
    ("name", "same"): ("字号相同", "the same name of its own"),
    ("name", "sound"): ("字号同音", "names that sound the same"),
    ("name", "alike"): ("字号相近", "similar names"),
    ("name", "different"): ("字号不同", "different names"),
    ("person", "same"): ("姓名相同", "the same person"),
    ("person", "partly"): ("姓名未遮部分一致", "the same as far as the name is shown"),
    ("person", "alike"): ("同姓，名差一字", "same surname, one character differs"),
    ("person", "different"): ("姓名不同", "different people"),
    ("phone", "same"): ("电话相同", "the same number"),
    ("phone", "partly"): ("电话未遮部分一致", "the same as far as the number is shown"),
    ("phone", "typo"): ("电话差一位", "one digit differs"),
    ("phone", "different"): ("电话不同", "different numbers"),
    ("equipment", "same"): ("设备种类、数量或规格一致", "the same machines, with number or size"),
    ("equipment", "alike"): ("设备大体一致", "mostly the same machines"),
    ("equipment", "some"): ("部分设备相同", "some machines the same"),
    ("equipment", "different"): ("设备不同", "different machines"),
    ("place", "door"): ("同一院落或门牌", "the same yard or door"),
    ("industry", "same"): ("行业相同", "the same industry"),
    ("industry", "different"): ("行业不同", "different industries"),
    ("code", "same"): ("统一社会信用代码相同", "the same credit code"),
    ("code", "different"): ("统一社会信用代码不同", "different credit codes"),
}


def said(field: str, level: str, one: Profile, other: Profile) -> tuple[str, str]:
    """What a level of a field says, Chinese and English."""
    if level == UNKNOWN:
        return "有一方未填", "one of the two does not say"
    if field == "place" and level != "door":
        apart = distance(one, other)
        if apart is not None:
            return f"相距 {_km(apart)} 公里", f"{_km(apart)} km apart"
        near = {
            "km0": ("同乡镇同村（路）", "same township, same village or road"),
            "km3": ("同乡镇", "same township"),
        }
        return near.get(level, ("同县（市、区）", "same county"))
    zh, en = _SAID[field, level]
    if field == "name" and level != "different":
        first, second = sorted((one.name.core, other.name.core))
        pair = first if first == second else f"{first} / {second}"
        return f"{zh}：{pair}", f"{en}: {pair}"
    return zh, en


def _km(apart: float) -> str:
    return f"{apart:.1f}" if apart < 10 else f"{apart:.0f}"
