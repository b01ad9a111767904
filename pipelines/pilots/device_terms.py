"""Cost of a server's devices, by the target of the tier file that it is.

The figures are those of marts.local_efficiency_hourly: a device's price over its years, its rent,
and its energy with the building's overhead.
"""

from urllib.parse import urlsplit

from models.pilot.columns import DeviceTerms
from pipelines.errors import BadSetting
from pipelines.telemetry.config.tier import Cost, Target, Tier

HOURS_PER_YEAR = 8766
JOULES_PER_KWH = 3.6e6


def find_target_of(tier: Tier | None, url: str, name: str | None) -> Target | None:
    """Return the target of this name, or the only one at the server's host and port.

    Raise BadSetting where a name is given and not in the tier file.
    """
    targets = tier.targets if tier else ()
    if name is not None:
        for target in targets:
            if target.name == name:
                return target
        known = ", ".join(sorted(each.name for each in targets)) or "none"
        raise BadSetting(f"The tier file has no target {name!r}, only {known}. Name one of them.")
    found = [each for each in targets if _place(each.url) == _place(url)]
    return found[0] if len(found) == 1 else None


def terms_of(tier: Tier | None, target: Target | None) -> DeviceTerms:
    """Return what a target's devices cost, or the reason why that is not known."""
    if tier is None or target is None:
        reason = "no target of the tier file is at its address; --target-a and --target-b name one"
        return DeviceTerms(cost_reason=reason, energy_reason=reason)
    cost = next((each for each in tier.costs if each.device_kind == target.device_kind), None)
    energy_reason = "power was not measured of all of its devices in every block"
    if cost is None:
        reason = f"no [[cost]] of {target.device_kind or 'its kind of device'} in the tier file"
        return DeviceTerms(cost_reason=reason, energy_reason=energy_reason)
    if tier.energy is None:
        reason = "no [energy] with a price in the tier file"
        return DeviceTerms(cost_reason=reason, energy_reason=energy_reason)
    return DeviceTerms(
        usd_per_second=target.devices * _usd_per_hour(cost) / 3600,
        usd_per_joule=float(tier.energy.usd_per_kwh) * float(tier.energy.pue) / JOULES_PER_KWH,
        rated_watts=float(cost.rated_watts) * target.devices,
        energy_reason=energy_reason,
    )


def _usd_per_hour(cost: Cost) -> float:
    usd = float(cost.opex_usd_per_hour)
    if cost.capex_usd is not None and cost.amortisation_years:
        usd += float(cost.capex_usd) / (float(cost.amortisation_years) * HOURS_PER_YEAR)
    return usd


def _place(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
