"""The penalties of a trial, attached to its network while it is trained."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from clusterability.components import find, names
from clusterability.config import Settings
from clusterability.errors import ConfigError
from clusterability.own_code import blamed, described, is_own
from clusterability.training.penalties.term import Carrying, Term


@dataclass(frozen=True, kw_only=True, slots=True)
class Penalties:
    """What is added to the loss at every step."""

    terms: Mapping[str, Term] = field(default_factory=dict)
    """By the penalty's name, in a fixed order, so that sums do not depend on how a space is written."""

    @property
    def carrying(self) -> tuple[Carrying, ...]:
        """What a checkpoint must hold of them."""
        return tuple(item for term in self.terms.values() for item in term.carrying)

    def backward(self, loss: torch.Tensor) -> torch.Tensor:
        """Compute the gradients of `loss` and all penalties; return the penalties' sum.

        Backward runs once for the batch and once for each function of the weights: it then adds gradients up
        in place, where a single run would add them into new memory, which takes longer.
        """
        values = [term() for term in self._of("batch")]
        for value in values:
            loss = loss + value
        loss.backward()
        for term in self._of("weights"):
            values.append(term())
            values[-1].backward()
        values += [term() for term in self._of("gradient")]
        return torch.stack([value.detach() for value in values]).sum() if values else torch.zeros_like(loss)

    def _of(self, stage: str) -> list[Callable[[], torch.Tensor]]:
        return [term.value for term in self.terms.values() if term.stage == stage]


@contextmanager
def penalties_of(module: nn.Module, penalties: Mapping[str, Settings]) -> Iterator[Penalties]:
    """Give what the penalties add to the loss of `module`, while it is trained; those of weight 0 are off.

    Raises:
        ConfigError: an own penalty that cannot be made or attached.
        GraphError: a module that a penalty cannot read.
    """
    known = names("penalty")
    order = sorted(penalties, key=lambda name: known.index(name) if name in known else len(known))
    terms: dict[str, Term] = {}
    try:
        for name in order:
            penalty: Any = make_penalty(name, penalties[name])
            if penalty.weight != 0:
                terms[name] = _term(name, penalty, module)
        yield Penalties(terms=terms)
    finally:
        for term in terms.values():
            term.detach()


def make_penalty(name: str, settings: Settings) -> Any:
    """Return the penalty of this name with these settings."""
    kind = find("penalty", name)
    with blamed("penalty", name):
        return kind(**settings)


def _term(name: str, penalty: Any, module: nn.Module) -> Term:
    """Attach a penalty; one without `attach` is a function of the module and is multiplied by its weight."""
    if not is_own(name):
        return penalty.attach(module)
    with blamed("penalty", name):
        term = penalty.attach(module) if hasattr(penalty, "attach") else None
    if term is None:
        return Term(value=lambda: penalty.weight * _scalar(name, lambda: penalty(module)))
    if not isinstance(term, Term):
        raise ConfigError(
            f"{described('penalty', name)}: attach: got a {type(term).__name__}, allowed: a Term"
        )
    return replace(term, value=lambda: _scalar(name, term.value))


def _scalar(name: str, function: Callable[[], Any]) -> torch.Tensor:
    """Return the value of an own penalty, made sure that the loop can take it."""
    with blamed("penalty", name):
        value = function()
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        got = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise ConfigError(f"{described('penalty', name)}: got {got}, allowed: a scalar tensor")
    return value.reshape(())
