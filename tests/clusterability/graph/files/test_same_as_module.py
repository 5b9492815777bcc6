import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import utils
from torch.nn.utils import parametrizations, parametrize, prune

from clusterability import WeightGraph

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning", "ignore:.*:DeprecationWarning")


def mlp(*widths, bias=True):
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b, bias), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def changed(module, change, *indices):
    """Return the module with some of its layers changed by pruning or a norm of weights."""
    for index in indices:
        change(module[index])
    return module


def trained(module, seed=0):
    """Give batch norms statistics and factors as if trained."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            layer.running_var.copy_(torch.rand(layer.num_features, generator=generator) * 4 + 0.1)
            if layer.affine:
                layer.weight.data.copy_(torch.randn(layer.num_features, generator=generator))
    return module


def plain(module):
    """Make pruning and norms of a module's weights permanent, by torch itself, and return it."""
    module.eval()
    for layer in module.modules():
        for name in ("weight", "bias"):
            if parametrize.is_parametrized(layer, name):
                parametrize.remove_parametrizations(layer, name)
            if hasattr(layer, f"{name}_mask"):
                prune.remove(layer, name)
        if hasattr(layer, "weight_g"):
            utils.remove_weight_norm(layer)
        if hasattr(layer, "weight_u"):
            utils.remove_spectral_norm(layer)
    return module


def assert_same_graph(graph, expected):
    assert graph.full_widths == expected.full_widths
    assert len(graph.blocks) == len(expected.blocks)
    for block, other in zip(graph.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(np.abs(block.matrix), np.abs(other.matrix), rtol=2e-6, atol=1e-12)
        assert (block.source, block.target) == (other.source, other.target)
        assert (block.kernel_area, block.kernel_norm) == (other.kernel_area, other.kernel_norm)


def cnn(convolution, batch_norm, *, kernel=3, places=1):
    return nn.Sequential(
        convolution(3, 8, kernel), batch_norm(8), nn.ReLU(), convolution(8, 6, kernel, bias=False), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * places, 10), nn.ReLU(), nn.Linear(10, 4),
    )  # fmt: skip


def vgg():
    """Return a network with the layer names of torchvision's VGG."""
    parts = {
        "features": nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3), nn.ReLU(),
        ),
        "avgpool": nn.AdaptiveAvgPool2d(2),
        "flatten": nn.Flatten(),
        "classifier": nn.Sequential(
            nn.Linear(64, 12), nn.ReLU(), nn.Dropout(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 5)
        ),
    }  # fmt: skip
    return named(**parts)


def named(**layers):
    module = nn.Sequential()
    for name, layer in layers.items():
        module.add_module(name, layer)
    return module


def half_used(module):
    """Return the module after a few steps, so that vectors of spectral norm are not those of the start."""
    module.train()
    for _ in range(3):
        module(torch.randn(4, 20))
    return module.eval()


def pruned(module):
    for index in (0, 2):
        prune.l1_unstructured(module[index], "weight", amount=0.8)
        prune.random_unstructured(module[index], "bias", amount=0.3)
    return module


def behind(*, named_layers=False):
    layers = [nn.Linear(20, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 4)]
    return (
        named(fc1=layers[0], act=layers[1], bn1=layers[2], fc2=layers[3]) if named_layers else mlp_of(layers)
    )


def mlp_of(layers):
    return nn.Sequential(*layers)


NETWORKS = {
    "perceptron": lambda: mlp(20, 16, 16, 4),
    "without biases": lambda: mlp(20, 16, 12, 4, bias=False),
    "autoencoder whose decoder sorts first": lambda: named(encoder=mlp(64, 48, 16), decoder=mlp(16, 48, 64)),
    "twelve layers": lambda: mlp(*range(30, 17, -1)),
    "batch norm before": lambda: nn.Sequential(
        nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(),
         nn.Linear(16, 4)
    ),
    "batch norm without affine": lambda: nn.Sequential(
        nn.Linear(20, 16), nn.BatchNorm1d(16, affine=False), nn.ReLU(), nn.Linear(16, 4)
    ),
    "batch norm behind": behind,
    "batch norm of the inputs": lambda: nn.Sequential(
        nn.BatchNorm1d(20), nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 4)
    ),
    "convolutions over one dimension": lambda: cnn(nn.Conv1d, nn.BatchNorm1d, places=7),
    "convolutions over two": lambda: cnn(nn.Conv2d, nn.BatchNorm2d, kernel=(3, 2), places=9),
    "convolutions over three": lambda: cnn(nn.Conv3d, nn.BatchNorm3d),
    "VGG": vgg,
    "pruning masks": lambda: pruned(mlp(20, 16, 16, 4)),
    "weight norm": lambda: changed(mlp(20, 16, 16, 4), parametrizations.weight_norm, 0, 2),
    "weight norm, old": lambda: changed(mlp(20, 16, 16, 4), utils.weight_norm, 0, 2),
    "weight norm of everything": lambda: changed(
        mlp(20, 16, 16, 4), lambda layer: parametrizations.weight_norm(layer, dim=None), 0, 2
    ),
    "weight norm along inputs": lambda: changed(
        mlp(20, 16, 16, 4), lambda layer: parametrizations.weight_norm(layer, dim=1), 0, 4
    ),
    "weight norm of kernels": lambda: changed(cnn(nn.Conv2d, nn.BatchNorm2d), utils.weight_norm, 0, 3),
    "spectral norm": lambda: half_used(changed(mlp(20, 16, 16, 4), parametrizations.spectral_norm, 0, 2)),
    "spectral norm, old": lambda: half_used(changed(mlp(20, 16, 16, 4), utils.spectral_norm, 0, 2)),
    "spectral norm of kernels": lambda: changed(
        cnn(nn.Conv2d, nn.BatchNorm2d), parametrizations.spectral_norm, 0, 3
    ).eval(),
    "half precision": lambda: mlp(20, 16, 16, 4).half(),
    "brain floats": lambda: mlp(20, 16, 16, 4).bfloat16(),
    "double precision": lambda: mlp(20, 16, 16, 4).double(),
    "pruning masks in half precision": lambda: pruned(mlp(20, 16, 16, 4).half()),
}  # fmt: skip
NEED_AN_ORDER = {"autoencoder whose decoder sorts first"}


def built(name):
    torch.manual_seed(0)
    return trained(NETWORKS[name]())


def assert_reads_as(path, module, **options):
    for choice in ({"kept_layers": "all"}, {"kernel_norm": "l2"}):
        expected = WeightGraph.from_module(plain(module), **choice)
        assert_same_graph(WeightGraph.from_checkpoint(path, **choice, **options), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_torch_file_gives_the_graph_of_its_module(tmp_path, name):
    module = built(name)
    torch.save(module.state_dict(), tmp_path / "network.pt")
    assert_reads_as(tmp_path / "network.pt", module)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in NEED_AN_ORDER])
def test_a_safetensors_file_gives_the_graph_of_its_module_where_one_order_fits(tmp_path, name):
    module = built(name)
    save_file(module.state_dict(), tmp_path / "network.safetensors")
    assert_reads_as(tmp_path / "network.safetensors", module)


class Wrapper(nn.Module):
    """What DataParallel, torch.compile and Lightning make of the names in a state dict."""

    def __init__(self, name, module):
        super().__init__()
        self.add_module(name, module)


def optimizer_state(module):
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.randn(4, 20)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


WRAPPED = {
    "state_dict": lambda m: {"epoch": 3, "state_dict": m.state_dict()},
    "any key": lambda m: {"epoch": 3, "best": torch.tensor(0.9), "model_state": m.state_dict()},
    "two levels": lambda m: {"training": {"epoch": 3, "net": {"weights": m.state_dict()}}},
    "optimizer": lambda m: {
        "model": m.state_dict(), "optimizer": optimizer_state(m), "rng": torch.get_rng_state(),
    },
    "Lightning": lambda m: {
        "epoch": 3, "state_dict": Wrapper("model", m).state_dict(), "optimizer_states": [optimizer_state(m)],
        "lr_schedulers": [{"last_epoch": 3}], "loops": {"fit_loop": {"state_dict": {}}},
    },
    "DataParallel": lambda m: nn.DataParallel(m).state_dict(),
    "compiled": lambda m: Wrapper("_orig_mod", m).state_dict(),
    "DataParallel, compiled": lambda m: Wrapper("_orig_mod", nn.DataParallel(m)).state_dict(),
    "averaged": lambda m: torch.optim.swa_utils.AveragedModel(m).state_dict(),
    "parameters": lambda m: dict(m.named_parameters()),
    "refers to itself": lambda m: (lambda held: held | {"again": held})({"model": m.state_dict()}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_around_the_tensors_are_taken_off(tmp_path, name):
    torch.manual_seed(0)
    module = mlp(20, 16, 4)
    torch.save(WRAPPED[name](module), tmp_path / "last.ckpt")
    assert_reads_as(tmp_path / "last.ckpt", module)


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_shards_are_read_by_their_index(tmp_path, suffix):
    module = built("VGG")
    state = module.state_dict()
    names = list(state)
    files = {name: f"model-0000{1 + (i > 5)}-of-00002{suffix}" for i, name in enumerate(names)}
    for file in set(files.values()):
        shard = {name: state[name] for name in names if files[name] == file}
        (save_file if suffix == ".safetensors" else torch.save)(shard, tmp_path / file)
    index = tmp_path / f"model{suffix}.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict(sorted(files.items()))}))
    assert_reads_as(index, module)


def test_only_chooses_one_network_of_several(tmp_path):
    torch.manual_seed(0)
    both = {"actor": mlp(20, 16, 4), "critic": mlp(20, 16, 1)}
    torch.save(nn.ModuleDict(both).state_dict(), tmp_path / "both.pt")
    save_file(nn.ModuleDict(both).state_dict(), tmp_path / "both.safetensors")
    torch.save({name: module.state_dict() for name, module in both.items()}, tmp_path / "mappings.pt")
    for file in ("both.pt", "both.safetensors", "mappings.pt"):
        for name, module in both.items():
            for only in (name, f"{name}.*", [f"{name}.0", f"{name}.[12].weight"]):
                assert_reads_as(tmp_path / file, module, only=only)


def test_only_chooses_the_layers_of_an_agent(tmp_path):
    torch.manual_seed(0)
    policy, value = mlp(20, 16, 16), mlp(20, 16, 16)
    action_net, value_net = nn.Linear(16, 4), nn.Linear(16, 1)
    extractor = nn.ModuleDict({"policy_net": policy, "value_net": value})
    agent = nn.ModuleDict({"mlp_extractor": extractor, "action_net": action_net, "value_net": value_net})
    torch.save({"log_std": torch.zeros(4)} | agent.state_dict(), tmp_path / "policy.pth")
    read = nn.Sequential(*policy, nn.ReLU(), action_net)
    assert_reads_as(tmp_path / "policy.pth", read, only=["mlp_extractor.policy_net", "action_net"])


def test_the_side_of_batch_norm_can_be_said(tmp_path):
    torch.manual_seed(0)
    module = trained(behind(named_layers=True))
    torch.save(module.state_dict(), tmp_path / "network.pt")
    assert_reads_as(tmp_path / "network.pt", module, batch_norm="behind")
    before = named(fc1=module.fc1, bn1=module.bn1, act=module.act, fc2=module.fc2)
    assert_reads_as(tmp_path / "network.pt", before, batch_norm="before")
    before.bn1.eps = 0.5
    assert_reads_as(tmp_path / "network.pt", before, batch_norm="before", batch_norm_eps=0.5)


def test_a_prelu_shows_the_side_of_batch_norm_and_has_no_edges(tmp_path):
    torch.manual_seed(0)
    state = trained(named(fc1=nn.Linear(20, 16), bn1=nn.BatchNorm1d(16), fc2=nn.Linear(16, 4))).state_dict()
    slopes = {"prelu1.weight": torch.full((16,), 0.25)}
    before, behind_it = list(state), list(state)
    before.insert(before.index("fc2.weight"), "prelu1.weight")
    behind_it.insert(behind_it.index("bn1.weight"), "prelu1.weight")
    for side, names in (("before", before), ("behind", behind_it)):
        torch.save({name: (state | slopes)[name] for name in names}, tmp_path / "prelu.pt")
        torch.save(state, tmp_path / "plain.pt")
        expected = WeightGraph.from_checkpoint(tmp_path / "plain.pt", batch_norm=side)
        assert_same_graph(WeightGraph.from_checkpoint(tmp_path / "prelu.pt"), expected)


def test_a_single_layer_is_read(tmp_path):
    layer = nn.Linear(20, 16)
    torch.save(layer.state_dict(), tmp_path / "layer.pt")
    assert_reads_as(tmp_path / "layer.pt", nn.Sequential(layer))


def test_layers_have_their_names_in_the_file(tmp_path):
    torch.save(vgg().state_dict(), tmp_path / "vgg.pt")
    graph = WeightGraph.from_checkpoint(tmp_path / "vgg.pt", kept_layers="all")
    features, classifier = (
        ("features.0", "features.2", "features.5"),
        ("classifier.0", "classifier.3", "classifier.5"),
    )
    assert graph.layer_names == ("input", *features, *classifier)


def test_named_arrays_are_read_as_matrices_or_as_a_state_dict(tmp_path):
    torch.manual_seed(0)
    module = mlp(20, 16, 4)
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    np.savez(tmp_path / "state.npz", **state)
    assert_reads_as(tmp_path / "state.npz", module)
    np.savez(tmp_path / "named.npz", readout=state["2.weight"].T, hidden=state["0.weight"].T)
    assert_same_graph(WeightGraph.from_checkpoint(tmp_path / "named.npz"), WeightGraph.from_module(module))
    matrices = [np.ones((n, n + 1)) for n in range(12)][1:]
    np.savez(tmp_path / "many.npz", **{f"arr_{i}": matrix for i, matrix in enumerate(matrices)})
    expected = WeightGraph.from_matrices(matrices)
    assert_same_graph(WeightGraph.from_checkpoint(tmp_path / "many.npz"), expected)
