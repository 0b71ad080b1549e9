"""The interface as a whole: its OpenAPI description is valid and complete, and every error is problem+json."""

import re
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from fastapi.testclient import TestClient

from lantian.kernel.accounts import PERMISSIONS
from lantian.web.api import PREFIX

PROBLEM = "application/problem+json"


@pytest.fixture
def description(beijing_client: TestClient) -> dict[str, Any]:
    answer = beijing_client.get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(each) for each in part.values()))
    return set().union(*(references(each) for each in part)) if isinstance(part, list) else set()


def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    OpenAPI.model_validate(description)
    assert description["openapi"].startswith("3.1")
    for reference in references(description):
        found: Any = description
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]  # KeyError: a reference leads nowhere
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(description):
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path)), f"{method} {path}"


def test_every_route_is_listed_with_a_description_and_a_permission(
    description: dict[str, Any], beijing_client: TestClient
) -> None:
    declared = {
        route: permission
        for route, permission in beijing_client.app.state.declarations.items()
        if route.split(" ")[1].startswith(PREFIX) and not route.endswith(("/docs", "/openapi.json"))
    }
    listed = {f"{method} {path}": operation for method, path, operation in operations(description)}
    assert set(listed) == set(declared)
    assert {f"GET {PREFIX}/observations/hourly", f"GET {PREFIX}/rejected"} <= set(listed)
    for route, operation in listed.items():
        assert len(operation.get("description", "")) >= 10, f"{route} does not say what it gives"
        assert declared[route] in PERMISSIONS, f"{route}: {declared[route]}"


def test_every_route_says_that_its_errors_are_problems(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        assert PROBLEM in operation["responses"]["default"]["content"], f"{method} {path}"
        assert "422" not in operation["responses"], f"{method} {path} describes an error that it never gives"


def test_every_table_says_in_which_formats_it_comes(description: dict[str, Any]) -> None:
    tables = [
        (path, operation)
        for _, path, operation in operations(description)
        if "format" in {each["name"] for each in operation.get("parameters", [])}
    ]
    assert f"{PREFIX}/rankings" in [path for path, _ in tables]
    for path, operation in tables:
        said = set(operation["responses"]["200"]["content"]) - {"application/vnd.apache.parquet"}  # some have it too
        assert said == {"application/json", "text/csv", "application/vnd.apache.arrow.stream"}, path


def concrete(path: str) -> str:
    """An address of the route at which there is nothing."""
    return re.sub(r"{\w+}", "0", path)


def test_errors_of_every_route_are_problems(description: dict[str, Any], beijing_client: TestClient) -> None:
    """Asked by nobody, by a stranger's token, with a method it does not have: whatever is refused is a problem."""
    anonymous = {"cookie": "", "authorization": "Bearer stranger", "origin": "http://testserver"}
    refused = 0
    for method, path, _ in operations(description):
        answers = [
            beijing_client.request(method, concrete(path), headers=anonymous),
            beijing_client.request("PATCH", concrete(path), headers={"origin": "http://testserver"}),
        ]
        for answer in answers:
            if answer.status_code >= 400:
                refused += 1
                body = answer.json()
                assert answer.headers["content-type"] == PROBLEM, f"{method} {path}: {answer.status_code}"
                assert (body["status"], bool(body["title"])) == (answer.status_code, True), f"{method} {path}"
            else:
                assert 200 <= answer.status_code < 300, f"{method} {path}: {answer.status_code}"
    assert refused > len(description["paths"])  # no route has PATCH


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing-here", 404),
        ("/jobs/987654321", 404),
        ("/jobs/first", 422),
        ("/jobs?limit=-1", 422),
        ("/calc/aqi?pm25=lots", 422),
    ],
)
def test_a_problem_names_what_was_wrong(beijing_client: TestClient, address: str, status: int) -> None:
    answer = beijing_client.get(PREFIX + address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    body = answer.json()
    assert body["status"] == status
    if status == 422:
        assert address.split("=")[-1].split("/")[-1] in body["detail"]


def test_a_failure_of_the_platform_is_a_problem_with_a_number(
    beijing_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr("lantian.web.api.imports.arrivals.batches", fail)
    answer = beijing_client.get(f"{PREFIX}/imports")
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert re.search(r"No\. [0-9a-f]{8}", answer.json()["detail"])
    assert "disk" not in answer.text


def test_the_documentation_page_lists_every_operation(description: dict[str, Any], beijing_client: TestClient) -> None:
    page = beijing_client.get(f"{PREFIX}/docs").text
    for _, path, operation in operations(description):
        assert path in page
        assert f'id="{operation["operationId"]}"' in page
