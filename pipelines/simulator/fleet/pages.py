"""Pages of a simulated fleet: of our own server, and of npu-exporter beside each.

Counters follow the plan.
"""

from collections.abc import Iterator

from pipelines.simulator.fleet.plan import FleetPlan, FleetTarget

MODEL = "simulated-moe"
PROMPT_RATIO = 3  # prompt tokens for a generated one
MEMORY_MIB = 65536
LABELS = f'model_name="{MODEL}"'


def metrics_page(plan: FleetPlan, target: FleetTarget, started: float, at: float) -> str:
    """Return the page of a target at an instant; both are seconds since 1970."""
    seconds = max(0.0, at - started)
    tokens = plan.speed(target) * seconds
    lines = [
        *_counters(plan, tokens),
        f"vllm:num_requests_running{{{LABELS}}} {int(tokens > 0)}",
        f"process_start_time_seconds {started!r}",
    ]
    return "\n".join(lines) + "\n"


def _counters(plan: FleetPlan, tokens: float) -> Iterator[str]:
    """Yield tokens, and the time of expert layers: computing, and waiting for the link."""
    generated = int(tokens)
    layer = plan.compute_seconds + plan.exposed_seconds
    yield f"vllm:prompt_tokens_total{{{LABELS}}} {PROMPT_RATIO * generated}"
    yield f"vllm:generation_tokens_total{{{LABELS}}} {generated}"
    for name, seconds in (
        ("compute", plan.compute_seconds),
        ("dispatch", plan.link_seconds / 3),
        ("combine", plan.link_seconds * 2 / 3),
        ("exposed_wait", plan.exposed_seconds),
        ("layer", layer),
    ):
        family = f"tokentide:expert_{name}_seconds_total"
        yield f'{family}{{{LABELS},schedule="waves"}} {seconds * generated!r}'
    yield f'tokentide:expert_rows_total{{{LABELS},schedule="waves"}} {generated}'


def device_page(plan: FleetPlan, target: FleetTarget) -> str:
    """Return the page of npu-exporter on a target's machine; a lost device is not on it."""
    lines = []
    for device in range(target.devices - target.lost):
        labels = f'{{id="{device}",model_name="simulated",pcie_bus_info="",vdie_id=""}}'
        lines.append(f"npu_chip_info_power{labels} {plan.watts_per_device!r}")
        lines.append(f"npu_chip_info_hbm_total_memory{labels} {MEMORY_MIB}")
    return "\n".join(lines) + "\n"


def tier_file(plan: FleetPlan, url: str, scrape_seconds: float) -> str:
    """Return a tier file with the fleet as one cluster, its targets from the list of the server."""
    return (
        "# A simulated fleet: no figure of it is real. Its true figures are at\n"
        f"# {url}/truth.\n\n"
        "[[discover]]\n"
        'name = "fleet"\n'
        'kind = "http_sd"\n'
        f'url = "{url}/targets"\n'
        'engine = "tokentide"\n'
        'device_kind = "simulated"\n'
        'device_kind_of_source = "npu-exporter"\n'
        f'device_url = "{url}/d/{{name}}/metrics"\n'
        'load = "simulated"\n'
        f"scrape_seconds = {scrape_seconds:g}\n"
        f"max_targets = {max(1, len(plan.targets))}\n\n"
        "[[cluster]]\n"
        'name = "fleet"\n'
        'targets = ["fleet-*"]\n'
        f"alone_tokens_per_second = {plan.alone_tokens_per_second!r}\n"
    )
