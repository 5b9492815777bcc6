"""What one trial is: frozen, typed, checked when made. Under each field stand its meaning and unit."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from clusterability.errors import ConfigError

DatasetName = Literal[
    "digits", "mnist", "fashion_mnist", "kmnist", "cifar10", "lines", "random", "polynomials"
]
ImageSource = Literal["digits", "mnist", "fashion_mnist", "kmnist", "cifar10"]
DatasetVariant = Literal["plain", "grey", "small", "halves", "halves_same", "stacked", "stacked_same"]
Architecture = Literal["mlp", "cnn", "vgg", "resnet"]
Initialisation = Literal["glorot", "clusterable"]
Estimator = Literal["refined", "spectral"]
NullName = Literal[
    "layer",
    "layer_nonzero",
    "layer_nonzero_distribution",
    "layer_all_distribution",
    "layer_degree",
    "initialisation",
]
EdgeWeighting = Literal["weights", "contribution"]
Device = Literal["auto", "cpu", "cuda"]
Direction = Literal["max", "min"]
# Never a test metric: the search may not look at what the report shows.
ObjectiveMetric = Literal[
    "validation_accuracy", "validation_loss", "ncut", "z_score", "ncut_contribution", "z_score_contribution"
]


def require(condition: bool, field: str, value: Any, allowed: str) -> None:
    """Raise a ConfigError that names the field, the value got and the values allowed, unless `condition`."""
    if not condition:
        raise ConfigError(f"{field}: got {value!r}, allowed: {allowed}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig:
    """Which images, and how they are divided."""

    name: DatasetName = "digits"
    """Data set; lines, random and polynomials are made up, the others are images."""
    variant: DatasetVariant = "plain"
    """What is made of the images: docs/data.md describes each."""
    mixed_with: ImageSource | None = None
    """A second set of images, of which half of the examples then come."""
    separate_classes: bool = False
    """Whether the second set's classes follow those of the first, or else share their numbers."""
    validation_fraction: float = 0.1
    """Share of the training set held out for the search's objectives, between 0 and 0.5."""
    num_train: int | None = None
    """Use only this many training examples, drawn by the seed; none: all."""

    def __post_init__(self) -> None:
        require(
            0 < self.validation_fraction <= 0.5,
            "dataset.validation_fraction", self.validation_fraction, "above 0, up to 0.5",
        )  # fmt: skip
        require(
            self.num_train is None or self.num_train >= 1,
            "dataset.num_train",
            self.num_train,
            "1 or more, or null",
        )
        self._require_a_dataset()

    def _require_a_dataset(self) -> None:
        images = get_args(ImageSource)
        require(
            self.variant == "plain" or self.name in images,
            "dataset.variant", self.variant, f"plain for {self.name}; the variants are made of images",
        )  # fmt: skip
        require(
            self.variant != "grey" or self.name == "cifar10",
            "dataset.variant", self.variant, f"grey for cifar10 alone; {self.name} is grey as it is",
        )  # fmt: skip
        require(
            self.mixed_with is None or (self.name in images and self.variant == "plain"),
            "dataset.mixed_with", self.mixed_with, f"null for {self.name}, {self.variant}",
        )  # fmt: skip
        require(
            self.mixed_with != self.name,
            "dataset.mixed_with", self.mixed_with, f"null, or another set than {self.name}",
        )  # fmt: skip
        require(
            not self.separate_classes or self.mixed_with is not None,
            "dataset.separate_classes", self.separate_classes, "false where dataset.mixed_with is null",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """The architecture."""

    architecture: Architecture = "mlp"
    """Family of networks."""
    widths: tuple[int, ...] = (256, 256, 256, 256)
    """Units of each hidden layer (MLP)."""
    width_factor: float = 1.0
    """Factor of the numbers of channels and dense units (CNN, VGG, ResNet)."""
    depth: int | None = None
    """VGG: blocks of convolutions (none: 5, VGG-16). ResNet: blocks per stage (none: 2, ResNet-18)."""
    dropout: float = 0.0
    """Probability with which a hidden unit of a dense layer is dropped in training."""
    conv_dropout: float = 0.0
    """The same for convolutions (the paper's CNN: 0.25, VGG: 0.4)."""
    initialisation: Initialisation = "glorot"
    """How weights begin: Glorot uniform, or that with weights within random modules of units enlarged."""
    num_modules: int = 10
    """Modules m of the clusterable initialisation."""
    between_modules: float = 0.6
    """Factor of weights between modules in the clusterable initialisation (paper: MLP 0.6, CNN 0.8)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        require(
            bool(self.widths) and all(width >= 1 for width in self.widths),
            "model.widths", list(self.widths), "a list of integers, 1 or more each",
        )  # fmt: skip
        require(0 < self.width_factor <= 16, "model.width_factor", self.width_factor, "above 0, up to 16")
        largest = {"vgg": 5, "resnet": 50}.get(self.architecture, 50)
        require(
            self.depth is None or 1 <= self.depth <= largest,
            "model.depth", self.depth, f"1 to {largest}, or null",
        )  # fmt: skip
        for name in ("dropout", "conv_dropout"):
            value = getattr(self, name)
            require(0 <= value < 1, f"model.{name}", value, "0 up to, not including, 1")
        require(self.num_modules >= 2, "model.num_modules", self.num_modules, "2 or more")
        require(0 <= self.between_modules <= 1, "model.between_modules", self.between_modules, "0 to 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """Adam on cross-entropy (regression: the mean squared error) plus the regularisers."""

    epochs: int = 20
    """Passes over the training set."""
    batch_size: int = 128
    """Examples per step."""
    learning_rate: float = 1e-3
    """Adam's step size."""
    l1_weight: float = 0.0
    """Factor of the sum of absolute kernel weights (the paper: 5e-5)."""
    l2_weight: float = 0.0
    """Factor of the sum of squared kernel weights, without a half (the paper: 5e-5)."""
    clusterability_weight: float = 0.0
    """Factor of the mean of the smallest non-trivial Laplacian eigenvalues (true gradient)."""
    clusterability_eigenvalues: int = 3
    """How many eigenvalues the clusterability penalty takes."""
    clusterability_edges: EdgeWeighting = "weights"
    """What the penalty takes as edge weights: the raw weights, or the contributions they carry."""
    clusterability_every: int = 1
    """Steps from one application of the penalty to the next; it then counts that many times."""
    rescale_units: bool = False
    """Whether hidden units are rescaled to one norm before each batch, as the paper does (MLP only)."""
    locality_weight: float = 0.0
    """Factor of the sum of absolute weights times the distance that they bridge (BIMT)."""
    locality_spacing: float = 0.1
    """Distance between two layers, whose units lie on a line of length 1 (BIMT: 0.1)."""
    locality_swap_every: int = 200
    """Steps from one swapping of units within their layers to the next (BIMT: 200); 0: none."""
    intra_cluster_weight: float = 0.0
    """Factor of 1 - the share of squared weights within fixed modules of hidden units."""
    intra_cluster_modules: int = 4
    """How many modules these are."""
    pruning_epochs: int = 0
    """Epochs of magnitude pruning with fine-tuning after training; 0: none (the paper's MLPs: 20)."""
    initial_sparsity: float = 0.5
    """Share of each kernel's weights that is zero when pruning begins."""
    final_sparsity: float = 0.9
    """Share of each kernel's weights that is zero in the end."""
    device: Device = "auto"
    """Where to train; auto takes the accelerator that the trial was given, else the CPU."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "clusterability_eigenvalues", "clusterability_every"):
            require(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "1 or more")
        for name in ("pruning_epochs", "locality_swap_every"):
            require(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        require(
            self.intra_cluster_modules >= 2,
            "training.intra_cluster_modules", self.intra_cluster_modules, "2 or more",
        )  # fmt: skip
        for name in ("initial_sparsity", "final_sparsity"):
            require(
                0 <= getattr(self, name) < 1,
                f"training.{name}", getattr(self, name), "0 up to, not including, 1",
            )  # fmt: skip
        factors = (
            "l1_weight", "l2_weight", "clusterability_weight",
            "locality_weight", "locality_spacing", "intra_cluster_weight",
        )  # fmt: skip
        for name in factors:
            require(
                0 <= getattr(self, name) < float("inf"), f"training.{name}", getattr(self, name), "0 or more"
            )
        require(
            0 < self.learning_rate < float("inf"), "training.learning_rate", self.learning_rate, "above 0"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NcutConfig:
    """How the trained network's n-cut is measured."""

    num_clusters: int = 12
    """Clusters k of the partition (the paper: 12)."""
    estimator: Estimator = "refined"
    """Estimator of the n-cut: spectral start plus local search (refined), or the paper's (spectral)."""

    def __post_init__(self) -> None:
        require(self.num_clusters >= 2, "ncut.num_clusters", self.num_clusters, "2 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class NullsConfig:
    """What the n-cut is compared with."""

    null: NullName = "layer"
    """What a null network keeps; `layer` permutes all weights of each layer (the paper's)."""
    num_shuffles: int = 50
    """Shuffled networks m; the smallest p-value is 1 / (m + 1)."""
    test_contribution: bool = True
    """Whether the contribution graph is tested as well as the weight graph."""

    def __post_init__(self) -> None:
        require(self.num_shuffles >= 1, "nulls.num_shuffles", self.num_shuffles, "1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """One axis of the frontier: a metric and which way is better."""

    metric: ObjectiveMetric = "validation_accuracy"
    """Name of a trial's metric."""
    direction: Direction = "max"
    """Whether larger (max) or smaller (min) is better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialConfig:
    """Everything that determines one trial's numbers."""

    dataset: DatasetConfig = DatasetConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    ncut: NcutConfig = NcutConfig()
    nulls: NullsConfig = NullsConfig()
    seed: int = 0
    """Seed of every random stream of the trial."""

    def __post_init__(self) -> None:
        require(0 <= self.seed < 2**63, "seed", self.seed, "0 or more")

    @property
    def condition_id(self) -> str:
        """Ten hex digits of the hash of everything but the seed: replicates share it."""
        content = self.to_dict()
        del content["seed"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]

    @property
    def trial_id(self) -> str:
        """The condition and the seed: equal configurations have equal identifiers."""
        return f"{self.condition_id}-s{self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values, fit for JSON and YAML."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "TrialConfig":
        """Rebuild what `to_dict` returned."""
        hints = get_type_hints(cls)
        sections = {field.name: hints[field.name] for field in fields(cls) if field.name != "seed"}
        return cls(seed=content["seed"], **{name: kind(**content[name]) for name, kind in sections.items()})
