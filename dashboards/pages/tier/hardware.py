"""Cards of the tier's clusters and devices, and of counts of the same tokens that differ."""

from collections.abc import Sequence

from dashboards.components.page import Card, Listed, PageSection, rows_only
from dashboards.components.served import SERVICES, Served
from dashboards.pages.tier import clusters, devices, tables
from dashboards.query import query

NO_DEVICES = "No device of this choice reported anything in this window."


def device_cards(served: Served) -> Sequence[Listed]:
    """Return the cards of clusters, power, memory, and counts that differ."""
    names = ("service", "target", "hours", "by", "drawn", "step")
    asked = query("tier/devices", **{name: served.lines[name] for name in names})
    choice = {"service": served.service, "target": served.target}
    energy = (query("components/energy_reasons", **choice, hours=served.hours),)
    of_whom = "a device, mean of each service" if served.by == "service" else "each device"
    return (
        *clusters.cluster_cards(served),
        PageSection("Devices and counts", key="devices", is_folded=True),
        Card(
            key="power",
            title="Power",
            query=asked,
            draw=devices.power,
            unit=f"mean watts of {of_whom}; {served.middle}",
            half="tier",
            empty=NO_DEVICES,
            why=energy,
            note="Open points: no measurement of the whole hour; the CSV has the reason.",
            needs=("device_energy_hourly", *SERVICES),
        ),
        Card(
            key="memory",
            title="Memory",
            query=asked,
            draw=devices.memory,
            unit=f"GiB in use of {of_whom}, mean of the hour; {served.middle}",
            half="tier",
            empty=NO_DEVICES,
            why=energy,
            needs=("device_energy_hourly", *SERVICES),
        ),
        Card(
            key="disagreements",
            title="Counts that do not agree",
            query=query("tier/disagreements", **served.pair),
            draw=rows_only(tables.disagreements),
            unit="tokens per day, by two sources",
            half="tier",
            width="full",
            height=140,
            empty="No two counts of the same tokens differ.",
            note="Nothing is corrected: counters stay as they were reported.",
            needs=("served_token_disagreements", *SERVICES),
        ),
    )
