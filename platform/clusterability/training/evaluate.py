"""How good a network is on a set of examples."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

# Large enough to keep the arithmetic units busy, small enough for the memory of a small device.
_EXAMPLES_AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Means over a set of examples."""

    accuracy: float
    """Share of the examples whose largest logit is the right class."""
    loss: float
    """Mean cross-entropy, in nats."""


@torch.no_grad()
def evaluate(module: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    """Return the accuracy and the cross-entropy of `module` on the examples, dropout off.

    `inputs` is (n, *input_shape), `labels` (n,) of class numbers, both on the module's device. The module
    is left in the mode (training or not) that it was in.
    """
    was_training = module.training
    module.eval()
    correct = torch.zeros((), dtype=torch.int64, device=labels.device)
    loss = torch.zeros((), dtype=torch.float64, device=labels.device)
    for start in range(0, len(labels), _EXAMPLES_AT_ONCE):
        batch_labels = labels[start : start + _EXAMPLES_AT_ONCE]
        logits = module(inputs[start : start + _EXAMPLES_AT_ONCE])
        correct += (logits.argmax(dim=1) == batch_labels).sum()
        loss += cross_entropy(logits, batch_labels, reduction="sum")
    module.train(was_training)
    return Evaluation(accuracy=correct.item() / len(labels), loss=loss.item() / len(labels))
