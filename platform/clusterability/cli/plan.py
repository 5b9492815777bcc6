"""What `clusterability sweep SPACE --dry-run` prints."""

from collections import defaultdict

from rich.console import Console
from rich.table import Table

from clusterability.duration import format_duration
from clusterability.spaces import SearchSpace

_MOST_ROWS = 40


def show_plan(space: SearchSpace, plan, console: Console) -> None:
    """Print the conditions in their order, the resources of a trial, and the estimate of the time."""
    seeds = defaultdict(list)
    for config in plan.trials:
        seeds[space.label(config)].append(str(config.seed))
    table = Table("condition", "seeds", box=None, pad_edge=False)
    for label, numbers in list(seeds.items())[:_MOST_ROWS]:
        table.add_row(label, " ".join(numbers))
    console.print(table)
    if len(seeds) > _MOST_ROWS:
        console.print(f"and {len(seeds) - _MOST_ROWS} more conditions")
    later = plan.num_trials - plan.num_finished - len(plan.trials)
    if later > 0:
        console.print(f"and {later} trials of conditions that {space.search.method} will choose from results")
    each = f"{plan.resources.cpus} CPU, {plan.resources.gpus:g} GPU each"
    lines = [
        f"sweep {plan.sweep_id}: {plan.num_trials} trials, {plan.num_finished} of them finished",
        f"resources: {plan.resources.concurrent} trials at once, {each}",
        f"time: about {format_duration(plan.seconds)}, from {plan.basis}",
        "dry run: nothing was started or written",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
