"""Data sets of one's own: what a function or an npz file may give, and what is refused, with its line."""

import numpy as np
import pytest

from clusterability.config import DatasetConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import ConfigError, DataError

OWN = """
import numpy as np

def arrays(classes=3, kind="float32", outputs=0, validation=False):
    rng = np.random.default_rng(0)
    def inputs(n):
        return (200 * rng.random((n, 2, 5))).astype(kind)
    def labels(n):
        return rng.random((n, outputs)) if outputs else np.arange(n, dtype=np.int32) % classes
    sizes = {"train": 30, "test": 9, **({"validation": 6} if validation else {})}
    return {f"{name}_{part}": make(n) for name, n in sizes.items()
            for part, make in (("inputs", inputs), ("labels", labels))}

def in_order(**options):
    return tuple(arrays(**options).values())

def changed(name, change, **options):
    given = arrays(**options)
    given[name] = eval(change, {"np": np, "x": given[name]})
    return given

def without(name):
    return {key: value for key, value in arrays(validation=True).items() if key != name}

def lists():
    return [array.tolist() for array in arrays().values()]

def tensors():
    import torch
    return {name: torch.tensor(array) for name, array in arrays().items()}

def nothing():
    pass

def three():
    return (1, 2, 3)
"""
PARTS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "own_data.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(function: str = "arrays", **options) -> Dataset:
    return load_dataset(DatasetConfig(name=f"own_data:{function}", options=options), 0)


def given(function: str = "arrays", **options):
    namespace: dict = {}
    exec(OWN, namespace)
    return namespace[function](**options)


def together(dataset: Dataset, part: str) -> np.ndarray:
    """Return what the training set was divided into, put together and sorted."""
    return np.sort(np.concatenate([getattr(dataset.train, part), getattr(dataset.validation, part)]), axis=0)


def test_a_mapping_of_classes_is_divided_like_any_other():
    dataset = load()
    arrays = given()
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (27, 3, 9)
    assert (dataset.num_classes, dataset.input_shape, dataset.is_regression) == (3, (2, 5), False)
    np.testing.assert_array_equal(together(dataset, "inputs"), np.sort(arrays["train_inputs"], axis=0))
    np.testing.assert_array_equal(together(dataset, "labels"), np.sort(arrays["train_labels"]))
    np.testing.assert_array_equal(dataset.test.inputs, arrays["test_inputs"])
    np.testing.assert_array_equal(dataset.test.labels, arrays["test_labels"])
    for part in PARTS:
        assert getattr(dataset, part).inputs.dtype == np.float32
        assert getattr(dataset, part).labels.dtype == np.int64


@pytest.mark.parametrize("function", ["in_order", "lists", "tensors"])
def test_other_forms_of_the_same_arrays_give_the_same_data(function):
    expected, dataset = load(), load(function)
    np.testing.assert_array_equal(together(dataset, "inputs"), together(expected, "inputs"))
    np.testing.assert_array_equal(dataset.test.labels, expected.test.labels)


@pytest.mark.parametrize("function", ["arrays", "in_order"])
def test_ones_own_validation_set_is_taken_as_it_is(function):
    dataset, arrays = load(function, validation=True), given(validation=True)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(dataset, part).inputs, arrays[f"{part}_inputs"])
        np.testing.assert_array_equal(getattr(dataset, part).labels, arrays[f"{part}_labels"])


@pytest.mark.parametrize("outputs", [1, 4])
def test_floating_targets_make_a_regression(outputs):
    dataset = load(outputs=outputs)
    assert dataset.is_regression
    assert dataset.num_classes == outputs
    assert dataset.train.labels.shape == (27, outputs)
    assert dataset.test.labels.dtype == np.float32
    np.testing.assert_allclose(dataset.test.labels, given(outputs=outputs)["test_labels"], rtol=1e-6)


def test_bytes_are_brought_to_0_to_1_and_other_integers_stay():
    arrays = given(kind="uint8")
    np.testing.assert_allclose(load(kind="uint8").test.inputs, arrays["test_inputs"] / 255, rtol=1e-6)
    np.testing.assert_array_equal(load(kind="int16").test.inputs, given(kind="int16")["test_inputs"])


def test_options_and_edited_functions_are_other_data(folder):
    first = load(classes=3)
    assert load(classes=3) is first
    assert load(classes=5).num_classes == 5
    (folder / "own_data.py").write_text(OWN.replace("classes=3", "classes=4"))
    assert load().num_classes == 4


def changed(name: str, change: str, **options) -> dict:
    return {"function": "changed", "name": name, "change": change, **options}


SHAPES = "allowed: (n, ...), n examples of one shape, the same for each set"
CLASSES = "allowed: (n,) integers, or (n, d) floats for a regression"
TARGETS = "allowed: (n, d) floats for a regression, or (n,) integers"
REFUSED = {
    "nothing": ({"function": "nothing"}, "got a NoneType, allowed: a mapping with train_inputs, *"),
    "three values": ({"function": "three"}, "got a tuple of 3, allowed: a mapping with train_inputs, *"),
    "no test labels": (
        {"function": "without", "name": "test_labels"},
        "got train_inputs, train_labels, test_inputs, validation_inputs, validation_labels, allowed: *",
    ),
    "half a validation set": (
        {"function": "without", "name": "validation_labels"},
        "got train_inputs, train_labels, test_inputs, test_labels, validation_inputs, allowed: *",
    ),
    "rows of several lengths": (
        changed("train_inputs", "[[1.0], [1.0, 2.0]]"),
        "train_inputs: is no array: setting an array element with a sequence. *",
    ),
    "objects": (
        changed("train_inputs", "x.astype(object)"),
        "train_inputs: got type object, allowed: bytes, integers or floats",
    ),
    "text": (
        changed("test_inputs", "x.astype(str)"),
        "test_inputs: got type <U*, allowed: bytes, integers or floats",
    ),
    "complex numbers": (
        changed("train_inputs", "x * 1j"),
        "train_inputs: got type complex64, allowed: bytes, integers or floats",
    ),
    "no examples": (
        changed("train_inputs", "x[:0]"),
        f"train_inputs: got shape (0, 2, 5), {SHAPES}",
    ),
    "no features": (
        changed("train_inputs", "x[:, :, :0]"),
        f"train_inputs: got shape (30, 2, 0), {SHAPES}",
    ),
    "one number an example": (
        changed("train_inputs", "x[:, 0, 0]"),
        f"train_inputs: got shape (30,), {SHAPES}",
    ),
    "a single number": (
        changed("train_inputs", "3.0"),
        f"train_inputs: got shape (), {SHAPES}",
    ),
    "test inputs of another shape": (
        changed("test_inputs", "x[:, :1]"),
        f"test_inputs: got shape (9, 1, 5), {SHAPES}, here (2, 5)",
    ),
    "NaN": (
        changed("train_inputs", "np.where(x > 190, np.nan, x)"),
        "train_inputs: * of 300 values are not finite",
    ),
    "infinite validation inputs": (
        changed("validation_inputs", "np.where(x == x[1, 1, 1], np.inf, x)", validation=True),
        "validation_inputs: 1 of 60 values are not finite",
    ),
    "values too large for single precision": (
        changed("test_inputs", "np.full(x.shape, 1e300)"),
        "test_inputs: 90 of 90 values are not finite",
    ),
    "fewer labels than inputs": (
        changed("train_labels", "x[:-1]"),
        "train_labels: got shape (29,), allowed: (30, ...), one for each input",
    ),
    "labels of shape (n, 1)": (
        changed("train_labels", "x[:, None]"),
        f"train_labels: got shape (30, 1) of int32, {CLASSES}",
    ),
    "floating labels of shape (n,)": (
        changed("train_labels", "x.astype(float)"),
        f"train_labels: got shape (30,) of float64, {TARGETS}",
    ),
    "true and false": (
        changed("train_labels", "x > 0"),
        f"train_labels: got shape (30,) of bool, {CLASSES}",
    ),
    "floating test labels of classes": (
        changed("test_labels", "x.astype(float)"),
        f"test_labels: got shape (9,) of float64, {CLASSES}",
    ),
    "negative labels": (
        changed("train_labels", "x - 1"),
        "train_labels: got labels from -1 to 1, allowed: 0 to 1, the classes of the training set",
    ),
    "labels from 1": (
        changed("train_labels", "x + 1"),
        "train_labels: no example of class 0, allowed: every class from 0 to the largest, here 3",
    ),
    "labels with a gap": (
        changed("train_labels", "x * 2"),
        "train_labels: no example of class 1, allowed: every class from 0 to the largest, here 4",
    ),
    "one class": (
        changed("train_labels", "x * 0"),
        "train_labels: got labels from 0 to 0, allowed: 0 to 1, the classes of the training set",
    ),
    "test labels out of range": (
        changed("test_labels", "x + 1"),
        "test_labels: got labels from 1 to 3, allowed: 0 to 2, the classes of the training set",
    ),
    "targets that are not finite": (
        changed("test_labels", "x * np.nan", outputs=2),
        "test_labels: 18 of 18 values are not finite",
    ),
    "targets of another number": (
        changed("test_labels", "x[:, :1]", outputs=2),
        f"test_labels: got shape (9, 1) of float64, {TARGETS}",
    ),
    "no targets": (
        changed("train_labels", "x[:, :0]", outputs=2),
        f"train_labels: got shape (30, 0) of float64, {TARGETS}",
    ),
}


def assert_line(error: BaseException, expected: str) -> None:
    """Compare the whole of a message, in which a * of `expected` stands for anything."""
    message, (first, *rest) = str(error), expected.split("*")
    assert message.startswith(first), message
    if rest:
        assert message.endswith(rest[-1]), message
    else:
        assert message == first
    assert "\n" not in message


@pytest.mark.parametrize(("arguments", "line"), REFUSED.values(), ids=REFUSED)
def test_a_function_that_gives_something_else_is_refused(arguments, line):
    with pytest.raises(DataError) as caught:
        load(**arguments)
    assert_line(caught.value, f"data set 'own_data:{arguments['function']}' (own_data.py): {line}")


def test_a_function_that_fails_is_named_with_its_line():
    with pytest.raises(ConfigError) as caught:
        load("changed", name="train_inputs", change="x.nothing")
    assert_line(caught.value, "data set 'own_data:changed': own_data.py, line 19: AttributeError: *'nothing'")


def npz(path: str = "counts.npz") -> Dataset:
    return load_dataset(DatasetConfig(name="npz", path=path), 0)


@pytest.mark.parametrize("options", [{}, {"outputs": 2}, {"validation": True}, {"kind": "uint8"}])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_holds_what_a_function_returns(folder, options, save):
    save(folder / "counts.npz", **given(**options))
    dataset, expected = npz(), load(**options)
    assert dataset.num_classes == expected.num_classes
    assert dataset.sha256 == expected.sha256
    np.testing.assert_array_equal(together(dataset, "inputs"), together(expected, "inputs"))
    np.testing.assert_array_equal(dataset.test.inputs, expected.test.inputs)
    np.testing.assert_array_equal(dataset.test.labels, expected.test.labels)


def test_a_file_that_is_written_again_is_read_again(folder):
    np.savez(folder / "counts.npz", **given())
    assert npz().num_classes == 3
    np.savez(folder / "counts.npz", **given(classes=5))
    assert npz().num_classes == 5


def test_what_an_npz_file_gives_is_checked_like_the_rest(folder):
    np.savez(folder / "counts.npz", **given("changed", name="test_labels", change="x + 1"))
    with pytest.raises(DataError) as caught:
        npz()
    line = "test_labels: got labels from 1 to 3, allowed: 0 to 2, the classes of the training set"
    assert_line(caught.value, f"dataset.path: counts.npz: {line}")


def damage(path, how):
    content = path.read_bytes()
    middle = len(content) // 2
    if how == "truncated":
        path.write_bytes(content[:middle])
    elif how == "changed":
        path.write_bytes(content[:200] + bytes(64) + content[264:])
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize("how", ["truncated", "changed", "emptied"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_file_is_one_line(folder, how, save):
    save(folder / "counts.npz", **given())
    damage(folder / "counts.npz", how)
    with pytest.raises(DataError) as caught:
        npz()
    assert_line(caught.value, "counts.npz: not a readable npz file of arrays (*)")


def test_arrays_of_objects_are_not_unpickled(folder):
    np.savez(folder / "counts.npz", **{**given(), "train_labels": np.array([{}] * 30, dtype=object)})
    with pytest.raises(DataError) as caught:
        npz()
    assert_line(
        caught.value, "counts.npz: not a readable npz file of arrays (Object arrays cannot be loaded*)"
    )


def test_another_kind_of_file_is_refused(folder):
    np.save(folder / "counts.npy", np.zeros(3))
    with pytest.raises(DataError) as caught:
        npz("counts.npy")
    assert_line(caught.value, "counts.npy: not a readable npz file of arrays (*)")


def test_a_file_that_is_not_there_or_lacks_arrays_is_told(folder):
    with pytest.raises(DataError) as caught:
        npz("count.npz")
    assert_line(caught.value, f"dataset.path: got 'count.npz', which is no file in {folder}")
    np.savez(folder / "counts.npz", train_inputs=np.zeros((3, 3)), labels=np.zeros(3))
    with pytest.raises(DataError) as caught:
        npz()
    assert_line(
        caught.value,
        "counts.npz: no array train_labels, test_inputs, test_labels; it has labels, train_inputs",
    )


@pytest.mark.parametrize(("name", "path"), [("npz", None), ("digits", "counts.npz")])
def test_a_path_belongs_to_npz_and_to_nothing_else(name, path):
    with pytest.raises(DataError) as caught:
        load_dataset(DatasetConfig(name=name, path=path), 0)
    allowed = "a file where dataset.name is npz, null elsewhere"
    assert_line(caught.value, f"dataset.path: got {path!r} for {name}, allowed: {allowed}")
