"""Plans of simulated fleets: speeds, links, stragglers, losses, power, and the truth of it.

A device computes a token for `1 / alone` seconds. Its experts exchange `bytes_per_token` over the
link; the part of that time which overlap does not hide is waited. So a device of the cluster gives
less than one by itself, and every figure of the cluster follows from the plan.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pipelines.simulator.errors import BadFleet
from pipelines.simulator.synthetic.numbers import noise

MIN_DEVICES, MAX_DEVICES = 1, 8192


@dataclass(frozen=True)
class FleetTarget:
    """A server of the fleet: its devices, how many of them are lost, and how slow it is."""

    name: str
    devices: int
    lost: int
    slowness: float  # 1 for one that is as fast as the others
    is_down: bool


@dataclass(frozen=True)
class FleetTruth:
    """Figures of the cluster that an hour of it must show."""

    targets: int
    targets_up: int
    devices: int
    devices_lost: int | None
    tokens_per_second: float
    scaling_efficiency: float
    weakest_share: float | None
    exposed_share: float
    joules_per_token: float | None


@dataclass(frozen=True)
class FleetPlan:
    """Settings of a fleet. Shares are of targets, and of devices for those that are lost."""

    devices: int = 64
    devices_per_target: int = 8
    alone_tokens_per_second: float = 100.0
    link_gigabytes_per_second: float = 392.0
    bytes_per_token: float = 2e9  # of all layers and experts, in both directions
    overlap: float = 0.7  # part of the exchange that computation hides
    straggler_share: float = 0.1
    straggler_slowness: float = 1.5
    lost_share: float = 0.02
    down_share: float = 0.0
    watts_per_device: float = 350.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not MIN_DEVICES <= self.devices <= MAX_DEVICES:
            raise BadFleet(f"A fleet has {MIN_DEVICES} to {MAX_DEVICES} devices.")
        if self.devices_per_target < 1:
            raise BadFleet("A target has at least one device.")
        if not all(math.isfinite(each) for each in vars(self).values()):
            raise BadFleet("Settings of a fleet are finite numbers.")
        shares = (self.overlap, self.straggler_share, self.lost_share, self.down_share)
        if not all(0 <= share <= 1 for share in shares):
            raise BadFleet("Shares and overlap lie between 0 and 1.")
        speeds = (self.alone_tokens_per_second, self.link_gigabytes_per_second)
        if min(*speeds, self.watts_per_device) <= 0 or self.bytes_per_token < 0:
            raise BadFleet("Speeds and power are above 0, bytes of a token are not below.")
        if self.straggler_slowness < 1:
            raise BadFleet("A straggler is as slow as the others or slower: 1 or more.")

    @property
    def compute_seconds(self) -> float:
        """Seconds in which a device computes a token."""
        return 1 / self.alone_tokens_per_second

    @property
    def link_seconds(self) -> float:
        """Seconds in which the link carries what a token exchanges."""
        return self.bytes_per_token / (self.link_gigabytes_per_second * 1e9)

    @property
    def exposed_seconds(self) -> float:
        """Seconds that a device waits for the link at each token."""
        return self.link_seconds * (1 - self.overlap)

    @cached_property
    def targets(self) -> tuple[FleetTarget, ...]:
        """The servers, the last one with the devices that are left over."""
        return tuple(self._targets())

    def _targets(self) -> Iterator[FleetTarget]:
        count = -(-self.devices // self.devices_per_target)
        slow = noise(count, "slow", self.seed)
        down = noise(count, "down", self.seed)
        lost = noise(self.devices, "lost", self.seed)
        for number in range(count):
            first = number * self.devices_per_target
            own = lost[first : first + self.devices_per_target]
            yield FleetTarget(
                name=f"fleet-{number:04d}",
                devices=len(own),
                lost=sum(each < self.lost_share for each in own),
                slowness=self.straggler_slowness if slow[number] < self.straggler_share else 1.0,
                is_down=down[number] < self.down_share,
            )

    def speed(self, target: FleetTarget) -> float:
        """Return the generated tokens a second of a target; lost devices give none."""
        seconds = (self.compute_seconds + self.exposed_seconds) * target.slowness
        return 0.0 if target.is_down else (target.devices - target.lost) / seconds

    def truth(self) -> FleetTruth:
        """Return the figures of the cluster.

        Power is not known while a target is down or a device lost: nobody reads it.
        """
        up = [each for each in self.targets if not each.is_down]
        speed = sum(map(self.speed, up))
        per_device = [self.speed(each) / each.devices for each in up]
        has_down = len(up) < len(self.targets)
        has_lost = any(each.lost for each in up)
        watts = sum((each.devices - each.lost) * self.watts_per_device for each in up)
        is_weakest_known = len(up) > 1 and max(per_device) > 0
        return FleetTruth(
            targets=len(self.targets),
            targets_up=len(up),
            devices=self.devices,
            devices_lost=None if has_down else sum(each.lost for each in self.targets),
            tokens_per_second=speed,
            scaling_efficiency=speed / self.devices / self.alone_tokens_per_second,
            weakest_share=min(per_device) / max(per_device) if is_weakest_known else None,
            exposed_share=self.exposed_seconds / (self.compute_seconds + self.exposed_seconds),
            joules_per_token=None if has_down or has_lost or not speed else watts / speed,
        )
