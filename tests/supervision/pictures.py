"""Pictures as cameras write them, made for the tests."""

import io

from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

HERE = (116.48, 39.95)


def picture(
    colour: str = "peru",
    *,
    where: tuple[float, float] | None = HERE,
    taken: str | None = "2016:12:16 14:05:09",
    offset: str | None = None,
    size: tuple[int, int] = (640, 480),
    turned: int | None = None,
) -> bytes:
    """A JPEG with a camera's notes: `taken` in local time, `where` lon and lat."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="navy")
    notes = image.getexif()
    notes[0x010F] = "Example camera"
    if turned:
        notes[0x0112] = turned
    if taken:
        notes.get_ifd(0x8769)[0x9003] = taken
    if offset:
        notes.get_ifd(0x8769)[0x9011] = offset
    if where:
        gps = notes.get_ifd(0x8825)
        gps[1], gps[2], gps[3], gps[4] = "N", _parts(where[1]), "E" if where[0] >= 0 else "W", _parts(abs(where[0]))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=notes, quality=70)
    return out.getvalue()


def drawing(size: tuple[int, int] = (60, 40)) -> bytes:
    """A PNG without any notes."""
    out = io.BytesIO()
    Image.new("RGBA", size, (10, 20, 30, 128)).save(out, "PNG")
    return out.getvalue()


def _parts(degrees: float) -> tuple[IFDRational, ...]:
    whole, rest = divmod(degrees, 1)
    minutes, rest = divmod(rest * 60, 1)
    return (
        IFDRational(round(whole), 1),
        IFDRational(round(minutes), 1),
        IFDRational(round(rest * 60 * 10_000), 10_000),
    )
