"""How a device obeys a request: 9011, what was asked for, 9012."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from lantian.observations.hj212 import COMMANDS, Body, CommandError, Packet, answer, read, result
from lantian.observations.simulate.device import Device

__all__ = ["obey"]

DONE, CONDITION, NO_DATA = 1, 3, 100
Said: TypeAlias = tuple[list[Packet], int]
_ANSWERS = ("9011", "9012", "9013", "9014")


def obey(device: Device, request: Packet, now: datetime) -> list[Packet]:
    """Do what a request asks and give all that the device says to it, in order; nothing for what is no request.

    A wrong MN, PW, ST or an unknown CN is refused in 9011 with the standard's code. A request whose fields are wrong is
    taken (9011, 1) and fails (9012, 3).
    """
    if request.cn in _ANSWERS:
        return []
    device.tally.requests += 1
    refusal = _refusal(device, request)
    if refusal:
        return [answer(request, refusal)] if request.wants_answer else []
    try:
        body = read(request)
        said, code = _DOES.get(request.cn, _nothing)(device, request, body, now) if body.way == "request" else ([], 3)
    except CommandError:
        said, code = [], CONDITION
    device.poke()
    frame = [answer(request), *said, result(request, code)]
    return frame if request.wants_answer else said


def _refusal(device: Device, request: Packet) -> int:
    if request.mn != device.identity.mn:
        return 4
    if request.pw != device.link.pw:
        return 3
    if request.st != device.link.st:
        return 5
    command = COMMANDS.get(request.cn)
    if command is None or command.request is None or command.since > device.link.version:
        return 8
    return 0


def _reply(device: Device, request: Packet, **fields: Any) -> Packet:
    return device.link.reply(request.cn, request.qn, **fields)


def _nothing(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    return [], DONE


def _retries(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    device.over_time_s, device.re_count = float(body.values["OverTime"]), int(body.values["ReCount"])
    return [], DONE


def _tell_time(device: Device, request: Packet, body: Body, now: datetime) -> Said:
    about: dict[str, Any] = {"PolId": body.values["PolId"]} if "PolId" in body.values else {}
    return [_reply(device, request, **about, SystemTime=device.own_time(now))], DONE


def _set_time(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    device.clock_error = body.time("SystemTime") - now
    return [], DONE


def _tell_interval(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    if request.cn == "1061":
        return [_reply(device, request, RtdInterval=device.real_s or 60)], DONE
    return [_reply(device, request, MinInterval=max(1, device.every_s // 60))], DONE


def _set_interval(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    if request.cn == "1062":
        device.real_s = int(body.values["RtdInterval"])
    else:
        device.every_s = int(body.values["MinInterval"]) * 60
    return [], DONE


def _set_password(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    device.link = replace(device.link, pw=body.values["NewPW"])
    return [], DONE


def _set_key(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    if device.cipher is None:
        return [], CONDITION
    device.take_key(body.values["NewSK"])
    return [], DONE


def _real_time(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    device.real_time = request.cn == "2011"
    return [], DONE


def _states(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    told = device.link.upload("2021", request.qn, device.own_time(now), {"SB1": {"RS": 1}}, answer=False)
    return list(told), DONE


def _run_times(device: Device, request: Packet, body: Body, now: datetime) -> Said:  # noqa: ARG001
    day = body.time("BeginTime")
    return list(device.link.upload("2041", request.qn, day, {"SB1": {"RT": "24.0"}}, answer=False)), DONE


def _history(device: Device, request: Packet, body: Body, now: datetime) -> Said:
    begin, end = body.time("BeginTime"), body.time("EndTime")
    if end < begin or end - begin > timedelta(days=400):
        return [], CONDITION
    told = list(device.remembered(request.cn, begin, end, now, request.qn))
    return told, DONE if told else NO_DATA


def _instrument(device: Device, request: Packet, body: Body, now: datetime) -> Said:
    about = body.values["PolId"]
    if about not in device.source.profile.units:
        return [], CONDITION
    if request.cn == "3017":
        return [_reply(device, request, PolId=about, CstartTime="000000", CTime=1)], DONE
    if request.cn == "3018":
        return [_reply(device, request, PolId=about, Stime=5)], DONE
    if request.cn == "3019":
        return [_reply(device, request, PolId=about, **{f"{about}-SN": device.identity.mn})], DONE
    if request.cn == "3020":
        info: dict[str, Any] = {f"{body.values['InfoId']}-Info": "1"}
        return [_reply(device, request, DataTime=device.own_time(now), PolId=about, **info)], DONE
    return [], DONE


_DOES: dict[str, Callable[[Device, Packet, Body, datetime], Said]] = {
    "1000": _retries,
    "1011": _tell_time,
    "1012": _set_time,
    "1014": _set_key,
    "1061": _tell_interval,
    "1062": _set_interval,
    "1063": _tell_interval,
    "1064": _set_interval,
    "1072": _set_password,
    "2011": _real_time,
    "2012": _real_time,
    "2021": _states,
    "2031": _history,
    "2041": _run_times,
    "2051": _history,
    "2061": _history,
    **dict.fromkeys(("3011", "3012", "3013", "3014", "3016", "3017", "3018", "3019", "3020", "3021"), _instrument),
}
