"""MoE block with experts on several ranks. Rank 0 has the tokens, all ranks have experts."""

from dataclasses import dataclass, field

from torch import Tensor

from models.config import Schedule
from models.expert_parallel.schedules import MoeTiming, moe_layer
from models.layers.experts import Experts

# One step in this many runs without overlap. Outputs are the same, and the gain can be measured.
BASELINE_STEPS = 32


@dataclass
class ExchangeState:
    """Schedule and timings of a rank's layers. All ranks count the same steps."""

    schedule: Schedule
    waves: int
    timings: list[MoeTiming] = field(default_factory=list)  # of this step's layers
    rows: int = 0  # of this step, over its layers
    steps: int = 0

    @property
    def current_schedule(self) -> Schedule:
        """Schedule of this step."""
        return "serial" if self.steps % BASELINE_STEPS == 0 else self.schedule

    def next_step(self) -> None:
        """Begin the next step."""
        self.steps += 1
        self.timings = []
        self.rows = 0


@dataclass(frozen=True)
class EpExperts:
    """MoE block of one layer: the experts kept here, and those of other ranks by exchange."""

    state: ExchangeState
    experts: Experts

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        schedule, waves = self.state.current_schedule, self.state.waves
        out, timing = moe_layer(x, chosen, weights, self.experts, schedule, waves)
        self.state.timings.append(timing)
        self.state.rows += chosen.numel()
        return out

    @property
    def weight_bytes(self) -> int:
        """Memory of the experts kept here."""
        return self.experts.weight_bytes
