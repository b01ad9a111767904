"""A layer's experts, spread over ranks; rank 0 has the tokens, all ranks have experts."""

from dataclasses import dataclass, field

from torch import Tensor

from models.config import Schedule
from models.expert_parallel.schedules import MoeTiming, moe_layer
from models.layers.experts import Experts

BASELINE_STEPS = 32  # one step in so many runs without overlap: the outputs are the same, and it tells what overlap gains


@dataclass
class ExchangeState:
    """How all layers of a rank exchange rows, and how long it took; every rank counts the same steps."""

    schedule: Schedule
    waves: int
    timings: list[MoeTiming] = field(default_factory=list)  # of this step's layers
    rows: int = 0  # of this step, over its layers
    steps: int = 0

    @property
    def current(self) -> Schedule:
        """This step's schedule."""
        return "serial" if self.steps % BASELINE_STEPS == 0 else self.schedule

    def next_step(self) -> None:
        """All layers are through."""
        self.steps += 1
        self.timings = []
        self.rows = 0


@dataclass(frozen=True)
class EpExperts:
    """The experts of one layer: those kept here, and by way of the exchange those of the other ranks."""

    spread: ExchangeState
    experts: Experts

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        out, timing = moe_layer(
            x, chosen, weights, self.experts, self.spread.current, self.spread.waves
        )
        self.spread.timings.append(timing)
        self.spread.rows += chosen.numel()
        return out

    @property
    def weight_bytes(self) -> int:
        return self.experts.weight_bytes
