"""Settings: environment over file over defaults, and errors that name the place."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lantian.kernel.settings import Settings, SettingsError, load


def write(home: Path, content: str) -> Path:
    path = home / "lantian.toml"
    path.write_text(content, encoding="utf-8")
    return path


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    settings = load(environment={})
    assert settings == Settings(home=tmp_path / "var", database_url=None, host="127.0.0.1", port=8000, example=False)
    assert not settings.home.exists()


def test_environment_over_file_over_defaults(tmp_path: Path):
    write(tmp_path, 'host = "0.0.0.0"\nport = 8080\n')
    settings = load(environment={"LANTIAN_HOME": str(tmp_path), "LANTIAN_PORT": "9000", "LANTIAN_EXAMPLE": "true"})
    assert (settings.home, settings.host, settings.port, settings.example) == (tmp_path, "0.0.0.0", 9000, True)


def test_an_argument_is_over_the_environment(tmp_path: Path):
    assert load(tmp_path / "here", environment={"LANTIAN_HOME": "/there"}).home == tmp_path / "here"


def test_the_process_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANTIAN_PORT", "8123")
    assert load(tmp_path).port == 8123


def test_an_empty_variable_is_no_variable(tmp_path: Path):
    assert load(tmp_path, environment={"LANTIAN_PORT": "", "LANTIAN_HOME": ""}).port == 8000


def test_variables_of_others_and_of_the_tests_are_left_alone(tmp_path: Path):
    load(tmp_path, environment={"PORT": "x", "LANTIAN_TEST_DATABASE_URL": "postgresql://h/d"})


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"LANTIAN_PORT": "many"}, ["LANTIAN_PORT", "'many'", "integer"]),
        ({"LANTIAN_PORT": "70000"}, ["LANTIAN_PORT", "'70000'", "65535"]),
        ({"LANTIAN_PROT": "8000"}, ["LANTIAN_PROT", "no such setting", "dust, example, forecast_city, host, port"]),
        ({"LANTIAN_EXAMPLE": "perhaps"}, ["LANTIAN_EXAMPLE", "'perhaps'", "boolean"]),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, environment: dict[str, str], told: list[str]):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environment=environment)
    assert all(part in str(caught.value) for part in told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('port = "many"', ["port", "'many'", "integer"]),
        ("prot = 8000", ["prot", "no such setting"]),
        ("port = ", ["not a TOML file", "Invalid value"]),
        ('home = "/elsewhere"', ["home", "LANTIAN_HOME"]),
    ],
)
def test_a_bad_line_in_the_file_is_named(tmp_path: Path, content: str, told: list[str]):
    path = write(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environment={})
    assert all(part in str(caught.value) for part in [str(path), *told])


def test_all_faults_are_told_at_once(tmp_path: Path):
    write(tmp_path, "prot = 1")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environment={"LANTIAN_PORT": "x"})
    assert len(str(caught.value).splitlines()) == 2


def test_the_password_in_the_address_is_not_shown(tmp_path: Path):
    path = write(tmp_path, 'database_url = ["postgresql://u:hush@h/d"]')
    with pytest.raises(SettingsError, match="database_url") as caught:
        load(tmp_path, environment={})
    assert str(path) in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(Settings(home=tmp_path, database_url="postgresql://u:hush@h/d"))


def test_settings_do_not_change(tmp_path: Path):
    with pytest.raises(ValidationError, match="frozen"):
        Settings(home=tmp_path).port = 1  # type: ignore[misc]


def test_thresholds_of_dust_are_a_table_of_the_file(tmp_path: Path):
    write(tmp_path, "[dust]\nleast_pm10 = 200\nbefore = 8\n")
    assert load(tmp_path, environment={}).dust == {"least_pm10": 200, "before": 8}
    write(tmp_path, "dust = 150\n")
    with pytest.raises(SettingsError, match="dust"):
        load(tmp_path, environment={})
