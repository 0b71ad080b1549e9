"""The engine: nested Eulerian chemistry-transport in JAX with its adjoint; a library that can be used alone.

In come weather, emissions and boundaries on a grid of ``lantian.places.grid``; out go concentrations, budgets, and
the sensitivity of any receptor's concentration to every emission. Nothing here touches a database or the web.

JAX is imported when one of these names is asked for; ``species`` and ``parameters`` need nothing but Python.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lantian.transport.door import DoorError, open_forcing
    from lantian.transport.model import Model, ModelError, progress_bar
    from lantian.transport.result import Run, open_run

__all__ = ["DoorError", "Model", "ModelError", "Run", "open_forcing", "open_run", "progress_bar"]

_HOME = {
    "DoorError": "door",
    "open_forcing": "door",
    "Model": "model",
    "ModelError": "model",
    "progress_bar": "model",
    "Run": "result",
    "open_run": "result",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lantian.transport.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
