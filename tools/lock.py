"""Lock the Python requirements: hashes, one universal lock for Python 3.11 to 3.14, no registry address.

``requirements/run.txt`` is the package with its platform and model extras; ``requirements/dev.txt`` adds what tests
need.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
    "--no-emit-index-url", "--no-emit-find-links", "--quiet", "--upgrade",
]  # fmt: skip
EXTRAS = ["--extra", "platform", "--extra", "model"]


def main() -> None:
    """Compile both locks with uv in a throw-away environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/pip", "install", "-q", "uv"], check=True)
        for arguments in (
            [*EXTRAS, "pyproject.toml", "requirements/build.in", "-o", "requirements/run.txt"],
            ["requirements/dev.in", "requirements/run.txt", "-o", "requirements/dev.txt"],
        ):
            subprocess.run([f"{folder}/bin/uv", "pip", "compile", *OPTIONS, *arguments], cwd=ROOT, check=True)
    for lock in ("run.txt", "dev.txt"):
        text = (ROOT / "requirements" / lock).read_text()
        if "://" in text:
            sys.exit(f"requirements/{lock} holds an address; a lock must not.")


if __name__ == "__main__":
    main()
