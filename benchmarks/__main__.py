"""`python -m benchmarks`: everything, in one table."""

import tempfile
from pathlib import Path

from benchmarks import national_year, pages, transport
from benchmarks.report import machine, table

print(table([machine()]), flush=True)
with tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder:
    lines = national_year.run(Path(folder))
print(table([*lines, *pages.run()]), flush=True)
transport.show()
