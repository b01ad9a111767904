"""Predicted time of a mixture-of-experts layer in each schedule, from the times of its stages.

The model has equal ranks, one link per rank that sends first in, first out, and stages cut into
equal waves. Sources: the schedules of Comet (dispatch overlaps linear 1, combine overlaps linear 2)
and of the DeepSeek V4 report, 3.1 (waves).
"""

import math
from dataclasses import dataclass

from models.config import Schedule
from models.errors import BadConfig


@dataclass(frozen=True)
class StageTimes:
    """Seconds of each stage of one layer call on one rank, measured alone."""

    dispatch: float
    linear_1: float
    linear_2: float
    combine: float
    latency: float = 0.0  # added to every transfer
    overhead: float = 0.0  # added to every wave of computation: launching, packing

    def __post_init__(self) -> None:
        if not all(0 <= seconds < math.inf for seconds in vars(self).values()):
            raise BadConfig("A stage cannot take negative time. Give finite seconds of 0 or more.")

    @property
    def communication(self) -> float:
        """Seconds on the link."""
        return self.dispatch + self.combine

    @property
    def computation(self) -> float:
        """Seconds in both linears."""
        return self.linear_1 + self.linear_2

    @property
    def ratio(self) -> float:
        """Communication over computation (rho), without unit.

        Raises BadConfig where nothing is computed.
        """
        if not self.computation:
            raise BadConfig("Without computation there is no ratio. Give the time of a linear.")
        return self.communication / self.computation

    def predict(self, schedule: Schedule, waves: int = 1) -> float:
        """Predict the seconds of one layer call. The serial schedule ignores `waves`."""
        if waves < 1:
            raise BadConfig(f"{waves} waves cannot be scheduled. Ask for 1 or more.")
        if schedule == "serial":
            return self.communication + self.computation + 2 * self.latency + self.overhead
        if schedule == "fused":
            raise BadConfig(
                "What a fused exchange overlaps inside its kernels is not in this model. "
                "Predict serial, comet or waves."
            )
        if schedule == "comet":
            return self._comet(waves)
        return self._waves(waves)

    def _arrival(self, wave: int, waves: int) -> float:
        """Return the second at which a wave's tokens have arrived."""
        return self.dispatch / waves * (wave + 1) + self.latency

    def _waves(self, waves: int) -> float:
        clock, link = 0.0, self.dispatch
        for wave in range(waves):
            begin = max(clock, self._arrival(wave, waves))
            clock = begin + self.computation / waves + self.overhead
            link = max(link, clock) + self.combine / waves
        return link + self.latency

    def _comet(self, waves: int) -> float:
        clock, link = 0.0, self.dispatch
        for wave in range(waves):
            clock = max(clock, self._arrival(wave, waves)) + self.linear_1 / waves + self.overhead
        for _ in range(waves):
            clock += self.linear_2 / waves + self.overhead
            link = max(link, clock) + self.combine / waves
        return link + self.latency


def balanced_stages(rho: float) -> StageTimes:
    """Return the stages of an expert with gate and up projections, in units of the computation.

    Linear 1 does twice the work of linear 2. Combine returns 16-bit results for the 8-bit tokens of
    dispatch.
    """
    return StageTimes(dispatch=rho / 3, linear_1=2 / 3, linear_2=1 / 3, combine=2 * rho / 3)


def ratio_from_shape(flop_per_second: float, bytes_per_second: float, intermediate: int) -> float:
    """Compute rho = (C/B) / (2d), d the experts' intermediate width (DeepSeek V4 report, 3.1).

    A token for one expert costs 6hd FLOP and 3h bytes (h out with 8 bits, 2h back with 16), so 2d
    FLOP per byte.
    """
    if not all(0 < each < math.inf for each in (flop_per_second, bytes_per_second, intermediate)):
        raise BadConfig(
            "Speeds and widths must be finite and above 0. Give FLOP/s, bytes/s in one "
            "direction and the intermediate width."
        )
    return flop_per_second / bytes_per_second / (2 * intermediate)


def ideal_speedup(rho: float) -> float:
    """Return S* = (1 + rho) / max(1, rho): the longer stage hides the shorter one entirely."""
    return (1 + rho) / max(1.0, rho)


def comet_limit(times: StageTimes) -> float:
    """Return the speedup of comet with endless waves: each pair of stages costs its longer one."""
    pairs = max(times.dispatch, times.linear_1) + max(times.linear_2, times.combine)
    return (times.communication + times.computation) / pairs


def overlap_efficiency(
    serial: float, overlapped: float, communication: float, computation: float
) -> float:
    """Return the saved share of hideable time: (T_serial - T_overlap) / min(T_comm, T_comp)."""
    return (serial - overlapped) / min(communication, computation)


def attainment(speedup: float, rho: float) -> float:
    """Return the reached share of the ideal gain: (S - 1) / (S* - 1)."""
    return (speedup - 1) / (ideal_speedup(rho) - 1)
