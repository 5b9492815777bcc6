"""What one trial is: frozen, typed, checked when made. Under each field stand its meaning and unit."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal, get_args, get_type_hints

from clusterability.components import require_known
from clusterability.errors import ConfigError
from clusterability.identity import digest, identity
from clusterability.old_names import with_new_names
from clusterability.own_code import is_own

DatasetVariant = Literal["plain", "grey", "small", "halves", "halves_same", "stacked", "stacked_same"]
Initialisation = Literal["glorot", "clusterable", "own"]
Device = Literal["auto", "cpu", "cuda"]
Ablation = Literal["zero", "mean"]
Direction = Literal["max", "min"]


def require(condition: bool, field: str, value: Any, allowed: str) -> None:
    """Raise a ConfigError that names the field, the value got and the values allowed, unless `condition`."""
    if not condition:
        raise ConfigError(f"{field}: got {value!r}, allowed: {allowed}")


def require_factor(field: str, value: float) -> None:
    """Raise a ConfigError unless `value`, the factor of a penalty, is finite and not negative."""
    require(0 <= value < float("inf"), field, value, "0 or more")


def require_component(kind: str, field: str, name: str) -> None:
    """Raise a ConfigError that names the field, unless `name` is a component, or names one of the user's."""
    try:
        require_known(kind, name)
    except ConfigError as error:
        raise ConfigError(f"{field}: {error}") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig:
    """Which examples, and how they are divided."""

    name: str = "digits"
    """Data set: one of docs/data.md, or your own as package.module:function."""
    options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of an own data set."""
    path: str | None = None
    """File of the data set npz, from the folder where the command is given."""
    variant: DatasetVariant = "plain"
    """What is made of the images: docs/data.md describes each."""
    mixed_with: str | None = None
    """A second set of images, of which half of the examples then come."""
    separate_classes: bool = False
    """Whether the second set's classes follow those of the first, or else share their numbers."""
    validation_fraction: float = 0.1
    """Share of the training set held out for the search's objectives, between 0 and 0.5."""
    num_train: int | None = None
    """Use only this many training examples, drawn by the seed; none: all."""
    permuted_labels: bool = False
    """Whether the training set's labels are permuted by the seed, so that they say nothing of the inputs;
    validation and test keep theirs (docs/controls.md)."""

    def __post_init__(self) -> None:
        require_component("data set", "dataset.name", self.name)
        require(
            not self.options or is_own(self.name),
            "dataset.options", self.options, f"none for {self.name}, which is no data set of your own",
        )  # fmt: skip
        require(
            0 < self.validation_fraction <= 0.5,
            "dataset.validation_fraction", self.validation_fraction, "above 0, up to 0.5",
        )  # fmt: skip
        require(
            self.num_train is None or self.num_train >= 1,
            "dataset.num_train", self.num_train, "1 or more, or null",
        )  # fmt: skip
        self._require_a_mix()

    def _require_a_mix(self) -> None:
        if self.mixed_with is not None:
            require_component("data set", "dataset.mixed_with", self.mixed_with)
            require(
                self.variant == "plain" and "npz" not in (self.name, self.mixed_with),
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

    architecture: str = "mlp"
    """Family of networks: mlp, cnn, vgg, resnet, or your own as package.module:callable."""
    options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of an own architecture."""
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
    initialisation: Initialisation | None = None
    """How weights begin: glorot (uniform), clusterable (that, with weights within random modules of units
    enlarged), own (as the module makes them); null: own for an own architecture, else glorot."""
    num_modules: int = 10
    """Modules m of the clusterable initialisation."""
    between_modules: float = 0.6
    """Factor of weights between modules in the clusterable initialisation (paper: MLP 0.6, CNN 0.8)."""
    cut: int | None = None
    """Independent parts m that hidden layers and classes are divided into, inputs shared (MLP, CNN); null:
    one network (docs/controls.md)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        require_component("architecture", "model.architecture", self.architecture)
        require(
            not self.options or is_own(self.architecture),
            "model.options", self.options, f"none for {self.architecture}, which is no network of your own",
        )  # fmt: skip
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
        self._require_a_cut()

    def _require_a_cut(self) -> None:
        cut, initial = self.cut, self.initialisation
        require(cut is None or cut >= 2, "model.cut", cut, "2 or more, or null")
        require(
            cut is None or self.architecture in ("mlp", "cnn"),
            "model.cut", cut, f"null for {self.architecture}; mlp and cnn can be cut",
        )  # fmt: skip
        require(
            cut is None or initial in (None, "glorot"),
            "model.cut", cut, f"null for the initialisation {initial}; glorot weights can be cut",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """Adam on cross-entropy (regression: the mean squared error) plus the penalties."""

    epochs: int = 20
    """Passes over the training set; with until_loss the most."""
    until_loss: float | None = None
    """Mean loss of an epoch's batches, penalties aside, at which training ends (nats; regression: squared
    error); null: after all epochs."""
    batch_size: int = 128
    """Examples per step."""
    learning_rate: float = 1e-3
    """Adam's step size."""
    rescale_units: bool = False
    """Whether hidden units are rescaled to one norm before each batch, as the paper does (MLP only)."""
    pruning_epochs: int = 0
    """Epochs of magnitude pruning with fine-tuning after training; 0: none (the paper's MLPs: 20)."""
    initial_sparsity: float = 0.5
    """Share of each kernel's weights that is zero when pruning begins."""
    final_sparsity: float = 0.9
    """Share of each kernel's weights that is zero in the end."""
    device: Device = "auto"
    """Where to train; auto takes the accelerator that the trial was given, else the CPU."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            require(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "1 or more")
        require(self.pruning_epochs >= 0, "training.pruning_epochs", self.pruning_epochs, "0 or more")
        require(
            self.until_loss is None or 0 < self.until_loss < float("inf"),
            "training.until_loss", self.until_loss, "above 0, or null",
        )  # fmt: skip
        for name in ("initial_sparsity", "final_sparsity"):
            require(
                0 <= getattr(self, name) < 1,
                f"training.{name}", getattr(self, name), "0 up to, not including, 1",
            )  # fmt: skip
        require(
            0 < self.learning_rate < float("inf"), "training.learning_rate", self.learning_rate, "above 0"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NcutConfig:
    """How the trained network's n-cut is measured."""

    num_clusters: int = 12
    """Clusters k of the partition (the paper: 12)."""
    estimator: str = "refined"
    """Estimator of the n-cut: spectral start plus local search (refined), or the paper's (spectral)."""

    def __post_init__(self) -> None:
        require_component("estimator", "ncut.estimator", self.estimator)
        require(self.num_clusters >= 2, "ncut.num_clusters", self.num_clusters, "2 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class NullsConfig:
    """What the network is compared with."""

    null: str = "layer"
    """What a null network keeps: layer permutes all weights of each layer (the paper's); docs/nulls.md
    has the others; or your own as package.module:function."""
    verdict: str | None = "dispersion"
    """A second null, one of known size, from which the verdict comes: both the n-cut and the layered
    modularity are tested against it (docs/nulls.md); null: none."""
    num_shuffles: int = 50
    """Shuffled networks m; the smallest p-value is 1 / (m + 1)."""
    test_contribution: bool = True
    """Whether the contribution graph is tested as well as the weight graph."""

    def __post_init__(self) -> None:
        require_component("null", "nulls.null", self.null)
        if self.verdict is not None:
            require_component("null", "nulls.verdict", self.verdict)
        require(self.num_shuffles >= 1, "nulls.num_shuffles", self.num_shuffles, "1 or more")

    @property
    def names(self) -> tuple[str, ...]:
        """The nulls that the network is tested against."""
        return (self.null,) if self.verdict is None else (self.null, self.verdict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionsConfig:
    """How clusters' hidden units are lesioned, on validation data."""

    num_random: int = 50
    """Random sets of units that each cluster is compared with; 0: no lesions."""
    num_examples: int = 1000
    """Validation examples that the network is run on, at most."""
    double: bool = False
    """Whether all pairs of clusters are lesioned too, those of layered modularity alone."""
    ablation: Ablation = "zero"
    """What takes the place of a lesioned unit's activation: 0, or its mean over training examples."""

    def __post_init__(self) -> None:
        require(self.num_random >= 0, "lesions.num_random", self.num_random, "0 or more")
        require(self.num_examples >= 1, "lesions.num_examples", self.num_examples, "1 or more")
        require(self.ablation in get_args(Ablation), "lesions.ablation", self.ablation, "zero or mean")


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasurementConfig:
    """When the network is measured while it is trained, without nulls: its curves."""

    epochs: Any = None
    """Epochs after which it is measured, 0: before training; or log: 0, 1, 2, 4, 8, ... and the last one;
    null: none."""
    steps: tuple[int, ...] = ()
    """Steps (batches) after which it is measured as well, counted over all epochs."""

    def __post_init__(self) -> None:
        for name, word in (("epochs", "log, null, or "), ("steps", "")):
            value = getattr(self, name)
            if word and value in ("log", None):
                continue
            numbers: list[Any] = list(value) if isinstance(value, list | tuple) else [None]
            whole = all(type(number) is int and number >= 0 for number in numbers)
            require(whole, f"measurement.{name}", value, f"{word}a list of integers, 0 or more each")
            points = tuple(sorted(set(numbers)))
            object.__setattr__(self, name, points or (None if word else ()))

    @property
    def is_on(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.epochs or self.steps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """One axis of the frontier: a metric and which way is better."""

    metric: str = "validation_accuracy"
    """Name of a trial's metric; never one of the test set."""
    direction: Direction = "max"
    """Whether larger (max) or smaller (min) is better."""


Settings = dict[str, Any]
"""Values of a component's own fields, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialConfig:
    """Everything that determines one trial's numbers."""

    dataset: DatasetConfig = DatasetConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    penalties: dict[str, Settings] = field(default_factory=dict)
    """What is added to the loss: settings by the penalty's name, or your own as package.module:class."""
    ncut: NcutConfig = NcutConfig()
    nulls: NullsConfig = NullsConfig()
    lesions: LesionsConfig = LesionsConfig()
    measurement: MeasurementConfig = MeasurementConfig()
    metrics: tuple[str, ...] = ()
    """Your own metrics, recorded beside the others: package.module:function each."""
    sources: dict[str, str] = field(default_factory=dict)
    """Hash of each file of the user's own that the numbers depend on, by its name."""
    seed: int = 0
    """Seed of every random stream of the trial."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", tuple(self.metrics))
        for name, settings in self.penalties.items():
            require_component("penalty", "penalties", str(name))
            require(
                isinstance(settings, dict), f"penalties.{name}", settings, "a mapping of settings to values"
            )
        for name in self.metrics:
            own = isinstance(name, str) and is_own(name)
            require(own, "metrics", name, "your own, as package.module:function")
        require(0 <= self.seed < 2**63, "seed", self.seed, "0 or more")

    @property
    def condition_id(self) -> str:
        """Ten hex digits of the hash of everything but the seed: replicates share it."""
        return digest(identity(self.to_dict()))[:10]

    @property
    def trial_id(self) -> str:
        """The condition and the seed: equal configurations have equal identifiers."""
        return f"{self.condition_id}-s{self.seed}"

    @property
    def own_components(self) -> list[str]:
        """The user's own components that the trial uses, as package.module:attribute each."""
        data, named = self.dataset, (self.model.architecture, self.ncut.estimator, *self.nulls.names)
        names = (data.name, data.mixed_with or "", *named, *self.penalties, *self.metrics)
        return sorted(set(filter(is_own, names)))

    def value(self, name: str) -> Any:
        """Return the value of a dotted field, such as "penalties.l1.weight"; None for one that is not set."""
        value: Any = self
        for part in split_name(name):
            value = value.get(part) if isinstance(value, dict) else getattr(value, part)
            if value is None:
                break
        return value

    def with_values(self, values: Mapping[str, Any]) -> "TrialConfig":
        """Return the configuration with dotted fields set; None takes an option away.

        Raises:
            ConfigError: values that do not go together.
        """
        content = self.to_dict()
        for name, value in values.items():
            *path, leaf = split_name(name)
            place = content
            for part in path:
                place = place.setdefault(part, {})
            place[leaf] = value
            if value is None and "options" in path:
                del place[leaf]
        return type(self).from_dict(content)

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values, fit for JSON and YAML."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "TrialConfig":
        """Rebuild what `to_dict` returned, in this version or an earlier one."""
        content = with_new_names(content)
        kinds = get_type_hints(cls)
        return cls(
            **{
                name: kinds[name](**value) if is_dataclass(kinds[name]) else value
                for name, value in content.items()
            }
        )


def split_name(name: str) -> list[str]:
    """Return the parts of a dotted field; the dots of an own penalty's module are part of one name.

    "penalties.my_lab.penalties:Orthogonality.weight" is penalties, my_lab.penalties:Orthogonality, weight.
    """
    section, _, rest = name.partition(".")
    if section == "penalties" and ":" in rest:
        component, _, setting = rest.rpartition(".")
        return [section, component, setting]
    return name.split(".")
