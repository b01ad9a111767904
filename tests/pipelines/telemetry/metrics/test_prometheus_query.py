"""Power from a query: GPUs by their label, everything else is a meter of the machine."""

import json

from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.prometheus_query import query_address


def read(*series: tuple[dict[str, str], float, str], devices: int = 1) -> dict[str | None, float]:
    result = [{"metric": labels, "value": [at, value]} for labels, at, value in series]
    content = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
    page = device_reader("prometheus", DevicePick(devices=devices))(content.encode(), 1000.0)
    return {each.device: value for each, value in page.samples.items()}


def test_a_plug_is_a_meter_of_the_machine() -> None:
    """It covers all devices of the target, however many."""
    assert read(({"plug": "rack"}, 1000.0, "412.5"), devices=4) == {"all devices": 412.5}


def test_several_plugs_are_parts_of_one_target() -> None:
    found = read(({"plug": "a"}, 1000.0, "400"), ({"plug": "b"}, 1000.0, "300"))
    assert found == {'all devices/plug="a"': 400.0, 'all devices/plug="b"': 300.0}


def test_a_series_of_a_gpu_is_that_gpu() -> None:
    rows = [({"gpu": str(each)}, 1000.0, "100") for each in range(8)]
    assert read(*rows, devices=2) == {}
    assert len(read(*rows, devices=8)) == 8


def test_an_old_negative_or_missing_value_is_no_sample() -> None:
    """A plug that is offline keeps its last value in the store."""
    assert read(({}, 900.0, "400")) == {}
    assert read(({}, 1000.0, "-1")) == {}
    assert read(({}, 1000.0, "NaN")) == {}
    for content in (b"<html>", b"{}", b'{"data": []}'):
        page = device_reader("prometheus")(content, 0.0)
        assert (page.samples, page.counts.malformed) == ({}, 1)


def test_the_query_is_part_of_the_address() -> None:
    assert query_address("http://p:9090/", 'w{a="b"}') == (
        "http://p:9090/api/v1/query?query=w%7Ba%3D%22b%22%7D"
    )
