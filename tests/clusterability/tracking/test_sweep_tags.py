from types import SimpleNamespace

from clusterability.tracking.sweep_tags import sweep_tags
from clusterability.tracking.values import decode

FIELDS = {
    "dataset": {"name": "digits"},
    "penalties": {
        "l1": {"weight": 5e-05},
        "my_lab.penalties:Orthogonality": {"weight": 0.01, "layers": [1, 2]},
    },
    "model": {"architecture": "my_lab.nets:Tiny", "options": {"width": 16}},
    "seed": 0,
}


def test_settings_are_the_fields_that_are_not_swept_however_deep_they_lie():
    space = SimpleNamespace(
        axes=(SimpleNamespace(name="penalties.l1.weight"),),
        base=SimpleNamespace(to_dict=lambda: FIELDS, metrics=()),
        objectives=(),
        control={"penalties.l1.weight": 5e-05},
    )
    assert decode(sweep_tags(space)["settings"]) == {
        "dataset.name": "digits",
        "penalties.my_lab.penalties:Orthogonality.weight": 0.01,
        "penalties.my_lab.penalties:Orthogonality.layers": (1, 2),
        "model.architecture": "my_lab.nets:Tiny",
        "model.options.width": 16,
    }
