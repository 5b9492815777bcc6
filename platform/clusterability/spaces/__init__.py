"""Search spaces: YAML and overrides in, a typed `SearchSpace` out; the only room that imports OmegaConf."""

from clusterability.spaces.axis import ChoiceAxis, RangeAxis
from clusterability.spaces.catalogue import known_spaces, load_space
from clusterability.spaces.resolve import resolve_space
from clusterability.spaces.space import SearchSpace

__all__ = ["ChoiceAxis", "RangeAxis", "SearchSpace", "known_spaces", "load_space", "resolve_space"]
