"""The pages: `<name>.py` with a `router` and a `PAGE`, `<name>.html` beside it, `<name>.toml` with its messages
(docs/web.md).
"""
