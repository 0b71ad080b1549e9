"""A county with its outline, a case that waits for its check, a photo: what tests of the field page begin with."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.places.outlines import Outline, OutlineSet
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.events import Party
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision
from lantian.supervision.tables import supervision_case
from tests.supervision.pictures import HERE, picture

COUNTY = ((116.4, 39.8), (116.6, 39.8), (116.6, 40.1), (116.4, 40.1))


@pytest.fixture(name="county")
def a_county(site: Platform) -> Platform:
    """The platform with one county and its outline, and without cases of other tests at the checker's desk."""
    places = PlaceStore(site.engine)
    places.put_regions([Region("110000", "北京市"), Region("110105", "朝阳区"), Region("110106", "丰台区")], "test")
    places.put_outlines(OutlineSet("counties", {"110105": Outline("110105", "朝阳区", ((COUNTY,),))}), "test")
    return site


@pytest.fixture(name="account")
def the_account(county: Platform) -> Callable[[str], accounts.Account]:
    def of(role: str) -> accounts.Account:
        found = accounts.get_account(county.engine, f"example-{role}")
        assert found is not None
        return found

    return of


@pytest.fixture(name="reported")
def a_reported_case(county: Platform, account: Callable[[str], accounts.Account]) -> str:
    """A case that waits for its check."""
    cases = Supervision(county)
    finding = Finding(
        "渣土车未密闭", "construction", "inspection", "110105", subject="示例工地", lon=HERE[0], lat=HERE[1]
    )
    number = cases.open(finding, account("analyst"))
    owner = Party("110105", "housing")
    cases.move(number, "hand_over", account("office"), "交办", owner=owner, days=5, requirement="全部密闭")
    cases.move(number, "accept", account("county"), "签收")
    proof = EvidenceStore(county).put(picture("green"), "done.jpg", account("county")).sha256
    cases.move(number, "report", account("county"), "已整改", evidence=[proof])
    return number


@pytest.fixture(name="photo")
def a_photo(tmp_path: Path) -> Path:
    """A picture with place and time; another one in every test, as the platform is shared."""
    path = tmp_path / "IMG_2016.jpg"
    path.write_bytes(picture(f"#{uuid.uuid4().hex[:6]}"))
    return path


def cases_titled(site: Platform, part: str) -> list[Any]:
    query = sa.select(supervision_case).where(supervision_case.c.title.like(f"%{part}%"))
    with site.engine.connect() as connection:
        return list(connection.execute(query).mappings())
