"""The engine: nested Eulerian chemistry-transport in JAX with its adjoint; a library that can be used alone.

In come weather, emissions and boundaries on a grid of ``lantian.places.grid``; out go concentrations, budgets, and
the sensitivity of any receptor's concentration to every emission. Nothing here touches a database or the web.
"""
