"""Ways to get a component of one's own wrong: one line that names the file, exit code 2, nothing created."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusterability.cli import main

REPOSITORY = Path(__file__).parents[3]
EXAMPLE = REPOSITORY / "examples" / "own_lab"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A mistake in the example: one text of a file replaced by another, or a setting, and what is said."""

    file: str = ""
    old: str = ""
    new: str = ""
    settings: tuple[str, ...] = ()
    line: str
    """The whole line; a * stands for anything."""


NET, NULL = "architecture 'my_lab.nets:Tiny'", "null 'my_lab.nulls:swap'"
DATA, METRIC = "data set 'my_lab.data:spikes'", "metric 'my_lab.metrics:sparsity'"
PENALTY = "penalty 'my_lab.penalties:Orthogonality'"
AXIS = "axes.penalties.my_lab.penalties:Orthogonality"
CALL = "allowed: a callable that takes (input_shape, num_classes, width"

WRONG = {
    "missing module": Wrong(
        settings=("model.architecture=my_lab.networks:Tiny",),
        line="architecture 'my_lab.networks:Tiny': there is no module 'my_lab.networks' in */lab, nor "
        "installed",
    ),
    "missing package": Wrong(
        settings=("model.architecture=our_lab.nets:Tiny",),
        line="architecture 'our_lab.nets:Tiny': there is no module 'our_lab' in */lab, nor installed",
    ),
    "missing attribute": Wrong(
        settings=("model.architecture=my_lab.nets:Tyny",),
        line="architecture 'my_lab.nets:Tyny': my_lab/nets.py: unknown attribute 'Tyny'. Did you mean "
        "'Tiny'? Known: Tiny, math, nn, torch",
    ),
    "no attribute": Wrong(
        settings=("nulls.null='my_lab.nulls:'",),
        line="nulls.null: unknown null 'my_lab.nulls:'. Known: *, or your own as package.module:attribute",
    ),
    "syntax error": Wrong(
        file="nets.py",
        old="def forward(self",
        new="def forward(self self",
        line=f"{NET}: my_lab/nets.py, line 19: SyntaxError: invalid syntax*",
    ),
    "import that fails": Wrong(
        file="nulls.py",
        old="import numpy as np",
        new="import numpi as np",
        line=f"{NULL}: my_lab/nulls.py, line 3: ModuleNotFoundError: No module named 'numpi'",
    ),
    "module that raises": Wrong(
        file="metrics.py",
        old="import torch",
        new="1 / 0",
        line=f"{METRIC}: my_lab/metrics.py, line 3: ZeroDivisionError: division by zero",
    ),
    "module that exits": Wrong(
        file="metrics.py",
        old="import torch",
        new="raise SystemExit(0)",
        line=f"{METRIC}: my_lab/metrics.py, line 3: SystemExit: 0",
    ),
    "unexpected option": Wrong(
        settings=("model.options={width: 16, depth: 2}",),
        line=f"{NET} (my_lab/nets.py): got an unexpected keyword argument 'depth'; {CALL}, depth)",
    ),
    "missing num_classes": Wrong(
        file="nets.py",
        old="num_classes: int, ",
        new="",
        line=f"{NET} (my_lab/nets.py): multiple values for argument 'width'; {CALL})",
    ),
    "option without a value": Wrong(
        file="nets.py",
        old="width: int = 16",
        new="width: int, depth: int",
        line=f"{NET} (my_lab/nets.py): missing a required argument: 'depth'; {CALL})",
    ),
    "architecture that makes no module": Wrong(
        file="nets.py",
        old="class Tiny(nn.Module):",
        new="class Tiny:",
        line=f"{NET} (my_lab/nets.py): got a Tiny, allowed: a torch module",
    ),
    "forward that fails in the trace": Wrong(
        file="nets.py",
        old="torch.relu(self.first",
        new="torch.rellu(self.first",
        line=f"{NET}: my_lab/nets.py, line 21: Tiny cannot be traced: module 'torch' has no "
        "attribute 'rellu'",
    ),
    "forward that fails on a batch": Wrong(
        file="nets.py",
        old="math.prod(input_shape)",
        new="21",
        line=f"{NET}: my_lab/nets.py, line 21: RuntimeError: mat1 and mat2 shapes cannot be multiplied "
        "(8x20 and 21x16)",
    ),
    "outputs of the wrong shape": Wrong(
        file="nets.py",
        old="width, num_classes)",
        new="width, 7)",
        line=f"{NET} (my_lab/nets.py): got outputs (8, 7) for 8 inputs of shape (20,), allowed: (8, 4)",
    ),
    "outputs that are not finite": Wrong(
        file="nets.py",
        old="(self.second(hidden) + hidden))",
        new="(self.second(hidden) + hidden) * math.inf)",
        line=f"{NET} (my_lab/nets.py): *",
    ),
    "operation that is no part of a graph": Wrong(
        file="nets.py",
        old="(self.second(hidden) + hidden)",
        new="(self.second(hidden).sort().values)",
        line=f"{NET} (my_lab/nets.py): layer 'out': Linear reads what operation 'sort' (sort) makes of all "
        "units of layer 'second' together; allowed: nothing but the outputs reads it",
    ),
    "control flow that depends on data": Wrong(
        file="nets.py",
        old="        hidden =",
        new="        if inputs.sum() > 0:\n            inputs = -inputs\n        hidden =",
        line=f"{NET}: my_lab/nets.py, line 21: Tiny cannot be traced: symbolically traced variables cannot "
        "be used as inputs to control flow",
    ),
    "NaN data": Wrong(
        file="data.py",
        old="    test = trials",
        new="    counts[3, 2] = np.nan\n    test = trials",
        line=f"{DATA} (my_lab/data.py): test_inputs: 1 of 3000 values are not finite",
    ),
    "labels out of range": Wrong(
        file="data.py",
        old="labels[:test]",
        new="labels[:test] + 4",
        line=f"{DATA} (my_lab/data.py): test_labels: got labels from 4 to 7, allowed: 0 to 3, the classes of "
        "the training set",
    ),
    "labels from 1": Wrong(
        file="data.py",
        old="labels[test:]",
        new="labels[test:] + 1",
        line=f"{DATA} (my_lab/data.py): train_labels: no example of class 0, allowed: every class from 0 to "
        "the largest, here 4",
    ),
    "data that fail": Wrong(
        file="data.py",
        old="counts[test:]",
        new="counts[trials + test]",
        line=f"{DATA}: my_lab/data.py, line 15: IndexError: index 750 is out of bounds for axis 0 with "
        "size 600",
    ),
    "data without test labels": Wrong(
        file="data.py",
        old='"test_labels"',
        new='"test_targets"',
        line=f"{DATA} (my_lab/data.py): got train_inputs, train_labels, test_inputs, allowed: a mapping with "
        "train_inputs, train_labels, test_inputs, test_labels, or these four arrays in order; "
        "validation_inputs and validation_labels may follow",
    ),
    "unexpected option of the data": Wrong(
        settings=("dataset.options={cell: 20}",),
        line=f"{DATA} (my_lab/data.py): TypeError: spikes() got an unexpected keyword argument 'cell'*",
    ),
    "penalty that takes no weight": Wrong(
        file="penalties.py",
        old=", weight: float = 0.0) -> None:\n        self.weight = weight",
        new=") -> None:\n        self.weight = 1.0",
        line=f"{PENALTY} (my_lab/penalties.py): TypeError: Orthogonality.__init__() got an unexpected "
        "keyword argument 'weight'",
    ),
    "penalty that has no weight": Wrong(
        file="penalties.py",
        old="self.weight = weight",
        new="self.factor = weight",
        line=f"{PENALTY} (my_lab/penalties.py): got a class without a weight, or without __call__(module) or "
        "attach(module); allowed: a class with both",
    ),
    "penalty that is a function": Wrong(
        settings=("penalties={my_lab.nulls:swap: {weight: 1.0}}",),
        line="penalties.my_lab.nulls:swap: got a function, allowed: a class",
    ),
    "penalty that returns a vector": Wrong(
        file="penalties.py",
        old="stack(values).mean()",
        new="stack(values)",
        line=f"{PENALTY} (my_lab/penalties.py): got shape (3,), allowed: a scalar tensor",
    ),
    "penalty that returns a number": Wrong(
        file="penalties.py",
        old="stack(values).mean()",
        new="stack(values).mean().item()",
        line=f"{PENALTY} (my_lab/penalties.py): got float, allowed: a scalar tensor",
    ),
    "penalty without a gradient": Wrong(
        file="penalties.py",
        old="stack(values).mean()",
        new="stack(values).mean().detach() / 0",
        line=f"{PENALTY} (my_lab/penalties.py): got inf on the untrained network, allowed: a finite value",
    ),
    "penalty that fails": Wrong(
        file="penalties.py",
        old="rows @ rows.T",
        new="rows @ rows",
        line=f"{PENALTY}: my_lab/penalties.py, line 19: RuntimeError: mat1 and mat2 shapes cannot be "
        "multiplied (16x20 and 16x20)",
    ),
    "penalty that fails where it is swept from strong to none": Wrong(
        settings=(f"{AXIS}.weight=[0.01, 0.0]",),
        file="penalties.py",
        old="rows @ rows.T",
        new="rows @ rows",
        line=f"{PENALTY}: my_lab/penalties.py, line 19: RuntimeError: *",
    ),
    "unknown setting of a penalty": Wrong(
        settings=(f"{AXIS}.wieght=[0.0, 1.0]",),
        line=f"{AXIS}.wieght: penalties.my_lab.penalties:Orthogonality: unknown setting 'wieght'. Did you "
        "mean 'weight'? Known: weight",
    ),
    "weight that is no number": Wrong(
        settings=(f"{AXIS}.weight=[0.0, big]",),
        line=f"{AXIS}.weight: got 'big', allowed: a finite number",
    ),
    "null that returns another shape": Wrong(
        file="nulls.py",
        old="weights, axis=0)",
        new="weights, axis=0).T[:1]",
        line=f"{NULL} (my_lab/nulls.py): got shape (1, 20), allowed: (20, 16)",
    ),
    "null that fails": Wrong(
        file="nulls.py",
        old="axis=0",
        new="axis=3",
        line=f"{NULL}: my_lab/nulls.py, line 8: AxisError: axis 3 is out of bounds for array of dimension 2",
    ),
    "null that fails where it is swept": Wrong(
        settings=("axes.nulls.null=[layer, my_lab.nulls:swap]",),
        file="nulls.py",
        old="axis=0",
        new="axis=3",
        line=f"{NULL}: my_lab/nulls.py, line 8: AxisError: axis 3 is out of bounds for array of dimension 2",
    ),
    "metric that returns text": Wrong(
        file="metrics.py",
        old="return small / total",
        new='return "sparse"',
        line=f"{METRIC} (my_lab/metrics.py): got 'sparse', allowed: a finite number",
    ),
    "metric that fails": Wrong(
        file="metrics.py",
        old="network.module",
        new="network.modul",
        line=f"{METRIC}: my_lab/metrics.py, line 9: AttributeError: 'MeasuredNetwork' object has no "
        "attribute 'modul'",
    ),
    "objective that is no metric": Wrong(
        settings=("objectives=[{metric: sparseness, direction: max}]",),
        line="objectives: metric: got 'sparseness', allowed: validation_accuracy, *, sparsity",
    ),
    "metric of the table among one's own": Wrong(
        settings=("metrics=[ncut]",),
        line="metrics: got 'ncut', allowed: your own, as package.module:function",
    ),
    "estimator that is no function of the graph": Wrong(
        settings=("ncut.estimator=my_lab.nulls:swap",),
        line="estimator 'my_lab.nulls:swap' (my_lab/nulls.py): TypeError: swap() takes 2 positional "
        "arguments but 4 were given",
    ),
}


def fits(line: str, expected: str) -> bool:
    """Whether a line is the expected one, in which a * stands for anything but the end of the line."""
    return re.fullmatch(".*".join(map(re.escape, expected.split("*"))), line) is not None


@pytest.fixture
def lab(tmp_path, monkeypatch):
    folder = tmp_path / "lab"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("runs", "__pycache__"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_line_and_nothing_is_created(lab, capsys, wrong):
    if wrong.file:
        path = lab / "my_lab" / wrong.file
        assert path.read_text().count(wrong.old) >= 1
        path.write_text(path.read_text().replace(wrong.old, wrong.new, 1))
    assert main(["sweep", "spikes.yaml", *wrong.settings]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    assert fits(captured.err.removeprefix("error: ").removesuffix("\n"), wrong.line), captured.err
    assert {path.name for path in lab.iterdir()} - {"my_lab"} == {"spikes.yaml"}


def test_the_lines_of_the_documentation_are_the_ones_printed():
    page = (REPOSITORY / "docs" / "extending.md").read_text()
    table = page.partition("| mistake | line |")[2].partition("\n\n")[0]
    lines = re.findall(r"\| `(.*)` \|$", table, flags=re.MULTILINE)
    assert len(lines) >= 15
    for line in lines:
        assert any(fits(line, wrong.line) for wrong in WRONG.values()), line
