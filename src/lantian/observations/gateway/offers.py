"""New passwords and session keys on their way to devices, and which packets are whose; pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lantian.observations.gateway.device import Device
from lantian.observations.hj212 import CipherError, Frame, opened

BRINGS = {"1072": "password", "1014": "key"}
"""Commands that bring a secret, and the field of a device that it is."""
PLACES = {"1072": "NewPW", "1014": "NewSK"}
"""The parameter of each in which it stands."""
COVER = "******"
"""Stands for the secret wherever a command is shown or kept."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A new password (1072) or session key (1014) that a device is told; `number` is that of the command.

    Until the device has confirmed or refused it both count, the old one and this: its answer may come under either, and
    may be lost.
    """

    number: int
    mn: str
    cn: str
    secret: str = field(repr=False)

    def taken(self, device: Device) -> Device:
        """The device as it is once it has taken this; one that enciphers no more needs no key."""
        if BRINGS[self.cn] == "password":
            return replace(device, password=self.secret)
        return replace(device, key=self.secret) if device.cipher else device


class Offers:
    """What is offered to all devices."""

    def __init__(self, offers: Iterable[Offer] = ()) -> None:
        self._by_mn: dict[str, dict[int, Offer]] = {}
        for one in offers:
            self.put(one)

    def put(self, offer: Offer) -> None:
        """It is told to its device."""
        self._by_mn.setdefault(offer.mn, {})[offer.number] = offer

    def drop(self, offer: Offer, *, older: bool = False) -> None:
        """It was refused; `older`: it was taken, and with it all that its device was told before."""
        there = self._by_mn.get(offer.mn, {})
        for number, one in list(there.items()):
            if number == offer.number or (older and one.cn == offer.cn and number < offer.number):
                del there[number]

    def speaker(self, device: Device, password: str) -> tuple[Device, Offer | None] | None:
        """The device whose password it is, as it stands or with an offered one; None: it is not."""
        if _same(password, device.password):
            return device, None
        for one in self._of(device, "1072"):
            if _same(password, one.secret):
                return one.taken(device), one
        return None

    def opened(self, device: Device, frame: Frame) -> tuple[Frame, bytes, Offer | None]:
        """A frame with its data deciphered by the device's key or an offered one, the data segment in clear, and the
        offer that it took. Raises CipherError where no key fits.
        """
        tried: list[tuple[str, Offer | None]] = [(device.key, None)]
        tried += [(one.secret, one) for one in self._of(device, "1014")]
        fault, readable = CipherError("no cipher is agreed with this device"), None
        for key, offer in tried:
            cipher = device.data_cipher(key)
            try:
                segment = cipher.open(frame.raw[6:-4]) if cipher else frame.raw[6:-4]
            except CipherError as error:
                fault = error
                continue
            made = opened(frame, segment, device.allowed)
            if made.packet is not None:
                return made, segment, offer
            if made.read is not None:  # faulty, or text by chance: another key may fit better
                readable = readable or (made, segment, offer)
            fault = CipherError("what comes out is no text: another key, or other options")
        if readable is None:
            raise fault
        return readable

    def _of(self, device: Device, cn: str) -> list[Offer]:
        return [one for one in self._by_mn.get(device.mn, {}).values() if one.cn == cn]


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
