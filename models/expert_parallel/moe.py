"""MoE block with experts on several ranks. Rank 0 has the tokens, all ranks have experts."""

from dataclasses import dataclass, field

from torch import Tensor

from models.config import Schedule
from models.expert_parallel.schedules import MoeTiming, fused_layer, moe_layer
from models.layers.experts import Experts
from models.ops.ops import ExpertExchange
from models.protocol import LayerTimes

# One step in this many runs without overlap. Outputs are the same, and the gain can be measured.
BASELINE_STEPS = 32


@dataclass
class ExchangeState:
    """Schedule and timings of a rank's layers. All ranks count the same steps."""

    schedule: Schedule
    waves: int
    exchange: ExpertExchange | None = None  # of the schedule `fused`, once all ranks have joined
    timings: list[MoeTiming | None] = field(default_factory=list)  # of this step's layers
    rows: int = 0  # of this step, over its layers
    steps: int = 0

    @property
    def current_schedule(self) -> Schedule:
        """Schedule of this step.

        `fused` has no baseline: its layers have no times that one could be compared with.
        """
        is_baseline = self.steps % BASELINE_STEPS == 0 and self.schedule != "fused"
        return "serial" if is_baseline else self.schedule

    def next_step(self) -> None:
        """Begin the next step."""
        self.steps += 1
        self.timings = []
        self.rows = 0

    def sum_times(self) -> LayerTimes:
        """Sum this step's times over its layers. None where a layer was not timed."""
        known = [each for each in self.timings if each]

        def summed(part: str) -> float | None:
            if len(known) < len(self.timings):
                return None
            return float(sum(getattr(each, part) for each in known))

        return LayerTimes(
            layers=len(self.timings),
            compute=summed("compute"),
            dispatch=summed("dispatch"),
            combine=summed("combine"),
            exposed_wait=summed("exposed_wait"),
            total=summed("total"),
            schedule=self.current_schedule,
            rows=self.rows,
        )


@dataclass(frozen=True)
class EpExperts:
    """MoE block of one layer: the experts kept here, and those of other ranks by exchange."""

    state: ExchangeState
    experts: Experts

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        schedule, waves = self.state.current_schedule, self.state.waves
        timing: MoeTiming | None = None
        if self.state.exchange:
            out = fused_layer(x, chosen, weights, self.experts, self.state.exchange)
        else:
            out, timing = moe_layer(x, chosen, weights, self.experts, schedule, waves)
        self.state.timings.append(timing)
        self.state.rows += chosen.numel()
        return out

    @property
    def weight_bytes(self) -> int:
        """Memory of the experts kept here."""
        return self.experts.weight_bytes
