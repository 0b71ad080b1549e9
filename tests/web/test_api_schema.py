"""The interface as its own description promises it: whatever fits the description is answered without a fault of ours,
and every answer fits what was said of it.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lantian.kernel import accounts
from lantian.web import create_app
from lantian.web.api import PREFIX

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = {"search": 60}
"""Questions for each operation by hypothesis' profile: three, the same each time; `--hypothesis-profile=search` asks
sixty new ones.
"""


@pytest.fixture(scope="module")
def signed(campaign):
    """The headers of a script that may do everything."""
    made = accounts.create_account(campaign.engine, "test", login="schema-admin", name="示例管理员")
    accounts.change_password(campaign.engine, made.account, made.one_time_password, "correct horse battery staple")
    accounts.grant(campaign.engine, "test", made.account.id, "admin")
    known = accounts.get_account(campaign.engine, "schema-admin")
    return {"Authorization": f"Bearer {accounts.open_session(campaign.engine, known)}"}


@pytest.mark.requirement("K1", part="the interface keeps to its description")
def test_every_answer_fits_the_description(campaign, signed):
    schema = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", create_app(campaign))
    asked, faults, profile = 0, [], settings.get_current_profile_name()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES.get(profile, 3),
            derandomize=profile != "search",
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case):
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=signed, checks=CHECKS)

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:  # all routes are asked, and all faults said
            faults.append(f"{operation.method.upper()} {operation.path}: {error}")
    assert asked > 150
    assert not faults, "\n\n".join(faults)
