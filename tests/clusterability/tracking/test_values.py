import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterability.tracking.values import decode, encode

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def typed(value):
    """Return a value with its types beside it: Python calls 1, 1.0 and True equal."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    return type(value), value


@given(nested)
def test_every_value_comes_back_with_its_type(value):
    assert typed(decode(encode(value))) == typed(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("mnist", "mnist"), ("true", '"true"'), ("True", '"True"'), ("12", '"12"'), ("", '""'),
        (True, "true"), (None, "null"), (5e-05, "5e-05"),
        ((64, 64), "[64, 64]"), ("my_lab.nets:Tiny", "my_lab.nets:Tiny"),
    ],
)  # fmt: skip
def test_text_stays_bare_unless_it_reads_as_something_else(value, text):
    assert encode(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("False", False), ("None", None), ("[64, 64]", (64, 64)), ("64.0", 64.0), ("64", 64)],
)
def test_what_earlier_versions_wrote_is_understood(text, value):
    assert typed(decode(text)) == typed(value)
