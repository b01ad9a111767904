"""How long a mixture-of-experts layer should take under each schedule, from the times of its stages.

The model: one link per rank which sends first in, first out; ranks alike; stages cut into equal waves.
Sources: the schedules of Comet (linear 1 under dispatch, combine under linear 2) and of the DeepSeek V4 report, 3.1 (waves).
"""

from dataclasses import dataclass

from models.config import Schedule
from models.errors import BadConfig


@dataclass(frozen=True)
class StageTimes:
    """Seconds that the stages of one layer call take on one rank, each alone.

    latency is added once to every transfer, overhead once to every wave of computation (launching, packing).
    """

    dispatch: float
    linear_1: float
    linear_2: float
    combine: float
    latency: float = 0.0
    overhead: float = 0.0

    def __post_init__(self) -> None:
        if (
            min(
                self.dispatch,
                self.linear_1,
                self.linear_2,
                self.combine,
                self.latency,
                self.overhead,
            )
            < 0
        ):
            raise BadConfig("a stage cannot take less than no time; give seconds of 0 or more")

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
        """rho: communication over computation, without unit."""
        return self.communication / self.computation

    def predict(self, schedule: Schedule, waves: int = 1) -> float:
        """Seconds of one layer call; serial has no waves, so it ignores their number."""
        if waves < 1:
            raise BadConfig(f"{waves} waves cannot be scheduled; ask for 1 or more")
        if schedule == "serial":
            return self.communication + self.computation + 2 * self.latency + self.overhead
        if schedule == "comet":
            return self._comet(waves)
        return self._waves(waves)

    def _arrival(self, wave: int, waves: int) -> float:
        """The second at which a wave's tokens are there."""
        return self.dispatch / waves * (wave + 1) + self.latency

    def _waves(self, waves: int) -> float:
        clock, link = 0.0, self.dispatch
        for wave in range(waves):
            clock = (
                max(clock, self._arrival(wave, waves)) + self.computation / waves + self.overhead
            )
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


def balanced(rho: float) -> StageTimes:
    """Stages of an expert with gate and up projections, in units of the computation.

    linear 1 does twice the work of linear 2; combine returns 16-bit results for the 8-bit tokens of dispatch.
    """
    return StageTimes(dispatch=rho / 3, linear_1=2 / 3, linear_2=1 / 3, combine=2 * rho / 3)


def ratio_from_shape(flop_per_second: float, bytes_per_second: float, intermediate: int) -> float:
    """rho = (C/B) / (2d), d the experts' intermediate width (DeepSeek V4 report, 3.1).

    A token for one expert costs 6hd FLOP and 3h bytes (h out at 8 bits, 2h back at 16): 2d FLOP a byte.
    """
    if min(flop_per_second, bytes_per_second, intermediate) <= 0:
        raise BadConfig(
            "speeds and widths are above 0; give FLOP/s, bytes/s in one direction and the intermediate width"
        )
    return flop_per_second / bytes_per_second / (2 * intermediate)


def ideal_speedup(rho: float) -> float:
    """S* = (1 + rho) / max(1, rho): the shorter of the two wholly hidden beneath the longer."""
    return (1 + rho) / max(1.0, rho)


def comet_limit(times: StageTimes) -> float:
    """The speedup of comet with endless waves: each pair of stages costs its longer one."""
    pairs = max(times.dispatch, times.linear_1) + max(times.linear_2, times.combine)
    return (times.communication + times.computation) / pairs


def overlap_efficiency(
    serial: float, overlapped: float, communication: float, computation: float
) -> float:
    """Seconds saved over the seconds that could have been: (T_serial - T_overlap) / min(T_comm, T_comp)."""
    return (serial - overlapped) / min(communication, computation)


def attainment(speedup: float, rho: float) -> float:
    """The part of the ideal gain that was reached: (S - 1) / (S* - 1)."""
    return (speedup - 1) / (ideal_speedup(rho) - 1)
