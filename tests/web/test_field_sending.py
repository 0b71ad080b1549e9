"""What phones send to the field page: kept once, refused in words, told where a picture is far from its place."""

import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from lantian.kernel.bootstrap import Platform
from lantian.supervision.field import FieldDesk, Spotted
from lantian.supervision.service import Supervision
from lantian.supervision.tables import field_submission
from lantian.web import field_forms
from tests.supervision.pictures import HERE, picture

from .field_work import a_county, a_reported_case, cases_titled, the_account  # noqa: F401  (fixtures)


def send(client: TestClient, **changes: Any) -> Any:
    values = {"client_id": str(uuid.uuid4()), "category": "roads", "points": ["roads:1"], "region": "110105"} | changes
    photos = values.pop("photos", [])
    files = [("photos", (name, content, "image/jpeg")) for name, content in photos]
    sent = files or {"x": ("", b"")}
    return client.post("/field/findings", data=values, files=sent, headers={"accept": "application/json"})


@pytest.mark.requirement("V2", part="what is sent twice, also at the same moment, is kept once")
def test_what_is_sent_twice_is_kept_once(
    county: Platform, client: TestClient, sign_in: Callable[[str], None], account: Callable[[str], Any]
) -> None:
    sign_in("inspector")
    values = {"client_id": str(uuid.uuid4()), "subject": f"示例路{uuid.uuid4().hex[:8]}", "age_s": "90000"}
    first, second = send(client, **values), send(client, **values)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["number"] == second.json()["number"]
    (case,) = cases_titled(county, values["subject"])
    finding = Supervision(county).case(case["number"]).case.finding
    assert (finding["client_id"], finding["waited_s"]) == (values["client_id"], 90_000)
    assert finding["found_on"] == "2016-12-15"  # 25 hours before it came
    sign_in("analyst")
    assert "not by example-analyst" in send(client, **values).json()["fault"]
    spotted = Spotted(str(uuid.uuid4()), "roads", "110105", (1,), subject=f"示例同时{uuid.uuid4().hex[:8]}")
    kept: list[Any] = []
    desks = [FieldDesk(county) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda d=d: kept.append(d.finding(spotted, [], account("inspector")))) for d in desks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.number for one in kept}) == 1
    assert sorted(one.again for one in kept) == [False, True, True, True]
    with county.engine.connect() as connection:
        query = sa.select(field_submission).where(field_submission.c.client_id == spotted.client_id)
        assert len(connection.execute(query).all()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "x"}, "expected a UUID"),
        ({"age_s": "-5"}, "at least 0"),
        ({"age_s": "99999999"}, "60 days"),
        ({"category": "x", "detail": "积尘"}, "应为散煤治理"),
        ({"points": ["boilers:1"]}, "请勾选问题"),
        ({"points": ["roads:77"]}, "没有这一条"),
        ({"region": ""}, "请选择区县"),
        ({"lon": "abc", "lat": "1"}, "expected a number"),
        ({"photos": [("a.jpg", b"<html>")]}, "不是可以留存的文件类型"),
        ({"account": "example-analyst"}, "by another account"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    county: Platform, client: TestClient, sign_in: Callable[[str], None], changes: dict[str, Any], said: str
) -> None:
    sign_in("inspector")
    answer = send(client, **changes)
    assert answer.status_code == 422
    assert said in answer.json()["fault"]


def test_a_message_beyond_all_limits_is_refused_before_it_is_read(
    county: Platform, client: TestClient, sign_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in("inspector")
    monkeypatch.setattr(field_forms, "BODY", 2 << 20)
    answer = send(client, photos=[("a.jpg", bytes(3 << 20))])
    assert answer.status_code == 413
    assert answer.json()["fault"] == "3 MB in one message; at most 2 MB"


def test_who_may_not_report_or_check_is_refused(
    county: Platform, client: TestClient, sign_in: Callable[[str], None], reported: str
) -> None:
    assert client.get("/field").status_code == 303  # to the login
    sign_in("citizen")
    assert client.get("/field").status_code == 403
    assert send(client).status_code == 403
    sign_in("county")
    assert client.get(f"/field/check/{reported}").status_code == 403
    assert client.get("/field/shell").status_code == 200
    assert "example-" not in client.get("/field/shell").text  # nothing of anybody is kept on a phone


def test_a_picture_far_from_its_place_is_told(
    county: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("inspector")
    content = picture(f"#{uuid.uuid4().hex[:6]}")
    answer = send(client, lon=HERE[0], lat=HERE[1] + 0.01, photos=[("a.jpg", content)]).json()
    assert answer["far_m"] == pytest.approx(1112, abs=2)
    sha256 = Supervision(county).case(answer["number"]).case.evidence[0]
    about = client.get(f"/evidence/{sha256}/about?lang=zh").text
    assert sha256 in about
    assert re.search(r"拍摄位置距填报位置 111\d 米", about)
    original = client.get(f"/evidence/{sha256}")
    assert original.content == content
    assert original.headers["content-type"] == "image/jpeg"
    assert original.headers["content-disposition"] == f'inline; filename="{sha256[:16]}.jpg"'
    assert client.get(f"/evidence/{sha256}/small").headers["content-type"] == "image/jpeg"
    sign_in("citizen")
    assert client.get(f"/evidence/{sha256}").status_code == 403
    sign_in("inspector")
    assert client.get(f"/evidence/{'0' * 64}").status_code == 404


def test_the_worker_keeps_every_file_that_the_shell_asks_for(client: TestClient) -> None:
    worker = client.get("/field/worker.js")
    assert worker.headers["service-worker-allowed"] == "/field"
    kept = set(re.findall(r'"(/[^"]+)"', worker.text.splitlines()[1]))
    asked = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/field/shell").text))
    assert asked <= kept
    for address in kept - {"/field/shell"}:
        text = client.get(address)
        assert text.status_code == 200
        imports = re.findall(r'^import .* from "\./([\w.]+)"', text.text, re.MULTILINE)
        assert {address.rsplit("/", 1)[0] + "/" + name for name in imports} <= kept
