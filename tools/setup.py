"""Set up this checkout: a virtual environment, the browser assets, and for tests a browser.

Run by ``make run`` and ``make test`` with the system's Python; standard library only. What is already there and current
is left alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON_AT_LEAST = (3, 11)
NODE_AT_LEAST = 20
DEBIAN_PACKAGES = {"chromium": "chromium", "fonts-noto-cjk": None}
UNUSED = r"site-packages/(.*/tests?/|(pip|setuptools|mypyc?)/)"
"""Of the packages: their own tests, a quarter of all, the installers, and what runs compiled to C."""


def fail(sentence: str) -> None:
    """Stop with one clear sentence."""
    sys.exit(f"lantian set-up: {sentence}")


def check_machine() -> None:
    """Refuse an old Python, one without venv, and an old or missing Node."""
    if sys.version_info < PYTHON_AT_LEAST:
        found = ".".join(map(str, sys.version_info[:3]))
        fail(f"Python 3.11 or newer is needed, this is {found}; run `make PYTHON=/path/to/python3.11 …`.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail("Python's venv module is missing; on Debian and Ubuntu run `apt-get install python3-venv`.")
    if not shutil.which("node") or not shutil.which("npm"):
        fail("Node 20 or newer with npm is needed for the map and the charts; install it from your system's packages.")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)", said)
    if not match or int(match[1]) < NODE_AT_LEAST:
        fail(f"Node 20 or newer is needed, this is {said.strip() or 'unknown'}.")


def fingerprint(*files: Path) -> str:
    """A hash over files, so that a changed lock is installed and an unchanged one is not."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def current(stamp: Path, value: str) -> bool:
    """Whether the stamp file already says this value."""
    return stamp.exists() and stamp.read_text() == value


def quietly(command: list[str], what: str) -> None:
    """Run a step; show its output only when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        fail(f"{what} failed (see above); mend that and run the same command again.")


def install_python(kind: str) -> None:
    """Make .venv and install the hash-locked requirements and this package into it."""
    lock = ROOT / "requirements" / f"{kind}.txt"
    mark = fingerprint(lock, ROOT / "pyproject.toml")
    dev = fingerprint(ROOT / "requirements" / "dev.txt", ROOT / "pyproject.toml")
    stamp = VENV / "lantian-installed"
    if current(stamp, mark) or current(stamp, dev):  # what tests need includes what a run needs
        return
    print(f"· Python packages ({kind}): installing from the lock …", flush=True)
    if not (VENV / "bin" / "python").exists():
        quietly([sys.executable, "-m", "venv", str(VENV)], "making the virtual environment")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-compile"]
    quietly([*pip, "--require-hashes", "-r", str(lock)], "installing the Python packages")
    quietly([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "installing lantian itself")
    # On all cores, where pip compiles on one; what is no Python of today stays as it is.
    compiling = [str(VENV / "bin" / "python"), "-m", "compileall", "-qq", "-j", "0", "-x", UNUSED]
    compiling += [str(VENV / "lib"), "src"]
    subprocess.run(compiling, cwd=ROOT, capture_output=True, check=False)
    stamp.write_text(mark)


def install_assets() -> None:
    """Fetch the browser libraries with npm and copy what pages use to static/vendor."""
    mark = fingerprint(ROOT / "package-lock.json", ROOT / "tools" / "vendor.mjs")
    stamp = ROOT / "src" / "lantian" / "web" / "static" / "vendor" / "stamp"
    if current(stamp, mark):
        return
    print("· browser assets: fetching with npm …", flush=True)
    quietly(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], "npm ci")
    quietly(["node", "tools/vendor.mjs"], "copying the browser assets")
    stamp.write_text(mark)


def install_browser() -> None:
    """For the tests: Chromium and a CJK font, where this is Debian and we are root."""
    if os.environ.get("CHROMIUM") or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    missing = [
        package
        for package, command in DEBIAN_PACKAGES.items()
        if not (shutil.which(command) if command else debian_has(package))
    ]
    if missing:
        print(f"· for the browser tests: apt-get install {' '.join(missing)} …", flush=True)
        quietly(["apt-get", "update", "-qq"], "apt-get update")
        quietly(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], "apt-get install")


def debian_has(package: str) -> bool:
    """Whether dpkg lists the package as installed."""
    asked = subprocess.run(["dpkg", "-s", package], capture_output=True, text=True, check=False)
    return "install ok installed" in asked.stdout


def main() -> None:
    """Do what is missing; the two downloads go side by side."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if kind not in ("run", "dev"):
        fail(f"`run` or `dev` was expected, not {kind!r}.")
    check_machine()
    began = time.monotonic()
    failures: list[SystemExit] = []

    def assets() -> None:
        try:
            install_assets()
        except SystemExit as stop:
            failures.append(stop)

    side = threading.Thread(target=assets)
    side.start()
    try:
        install_python(kind)
    finally:
        side.join()
    if failures:
        raise failures[0]
    if kind == "dev":
        install_browser()
    if (took := time.monotonic() - began) > 1:
        print(f"· set up in {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()
