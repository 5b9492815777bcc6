"""Values of fields as the text that MLflow keeps, and back: they keep their types."""

import json
from typing import Any

_OF_EARLIER_VERSIONS = {"True": True, "False": False, "None": None}


def encode(value: Any) -> str:
    """Return a value as text; `decode` is the inverse. Text that reads as nothing else stays bare."""
    if isinstance(value, str) and value and decode(value) == value:
        return value
    return json.dumps(value)


def decode(text: str) -> Any:
    """Return the value that a text stands for, lists as tuples: JSON, else the text itself.

    "True", "False" and "None", which earlier versions wrote, are understood.
    """
    if text in _OF_EARLIER_VERSIONS:
        return _OF_EARLIER_VERSIONS[text]
    try:
        return _with_tuples(json.loads(text))
    except json.JSONDecodeError:
        return text


def _with_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_with_tuples, value))
    if isinstance(value, dict):
        return {name: _with_tuples(item) for name, item in value.items()}
    return value
