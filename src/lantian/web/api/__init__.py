"""The HTTP interface under `/api/v1`: one module a resource; errors are problem+json; tables come as JSON, CSV or
Arrow, streamed.
"""

from lantian.web.api.answers import PREFIX, PROBLEMS, TABLE, VERSION, Format, problem, refuse, table_response

__all__ = ["PREFIX", "PROBLEMS", "TABLE", "VERSION", "Format", "problem", "refuse", "table_response"]
