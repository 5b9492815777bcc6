"""How good a network is on a set of examples, classified or predicted."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

# Large enough to keep the arithmetic units busy, small enough for the memory of a small device.
_EXAMPLES_AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Means over a set of examples."""

    accuracy: float
    """Share of the examples whose largest logit is the right class; for regression the coefficient of
    determination, at most 1, 0 for who always predicts the mean, below 0 for who does worse."""
    loss: float
    """Mean cross-entropy, in nats; for regression the mean squared error over examples and targets."""


def loss_of(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean loss with gradient: cross-entropy of classes, squared error of floating targets."""
    return mse_loss(outputs, labels) if labels.is_floating_point() else cross_entropy(outputs, labels)


@torch.no_grad()
def evaluate(module: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    """Return how well `module` does on the examples, dropout off.

    `inputs` is (n, *input_shape); `labels` is (n,) of class numbers, or (n, targets) of floats for a
    regression, of which R^2 = 1 - sum (y - f)^2 / sum (y - mean y)^2, both sums over examples and targets and
    the mean that of each target (scikit-learn's `r2_score` with multioutput="variance_weighted"). Both are on
    the module's device. The module is left in the mode (training or not) that it was in.
    """
    was_training = module.training
    module.eval()
    correct = torch.zeros((), dtype=torch.int64, device=labels.device)
    loss = torch.zeros((), dtype=torch.float64, device=labels.device)
    for start in range(0, len(labels), _EXAMPLES_AT_ONCE):
        batch_labels = labels[start : start + _EXAMPLES_AT_ONCE]
        outputs = module(inputs[start : start + _EXAMPLES_AT_ONCE])
        loss += loss_of(outputs, batch_labels) * len(batch_labels)
        if not labels.is_floating_point():
            correct += (outputs.argmax(dim=1) == batch_labels).sum()
    module.train(was_training)
    mean_loss = loss.item() / len(labels)
    if labels.is_floating_point():
        return Evaluation(accuracy=1 - mean_loss / _mean_variance(labels), loss=mean_loss)
    return Evaluation(accuracy=correct.item() / len(labels), loss=mean_loss)


def _mean_variance(targets: torch.Tensor) -> float:
    return targets.double().var(dim=0, correction=0).mean().item()
