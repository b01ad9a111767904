"""OTLP metrics: what becomes of the parts of a request that are no samples."""

import time

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from support.receiver.pushed_pages import otlp_of

from pipelines.telemetry.receiver.otlp import read_otlp
from pipelines.telemetry.receiver.pushed import PushedBatch, SeriesBook
from pipelines.telemetry.receiver.tally import ReceiverTally

PAGE = """# TYPE vllm:generation_tokens counter
vllm:generation_tokens_total{model_name="m"} 7
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 2
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{model_name="m",le="1.0"} 1
vllm:time_to_first_token_seconds_bucket{model_name="m",le="+Inf"} 2
vllm:time_to_first_token_seconds_sum{model_name="m"} 3
vllm:time_to_first_token_seconds_count{model_name="m"} 2
"""


def read(request: ExportMetricsServiceRequest) -> PushedBatch:
    """Read a request."""
    batch = PushedBatch(time.time() - 3600)
    read_otlp(request.SerializeToString(), SeriesBook(), batch)
    return batch


def test_exemplars_are_left_out_and_counted() -> None:
    """Samples are kept, and the answer names no fault: there is none."""
    request = otlp_of(PAGE, round(time.time() * 1000))
    kept = read(request).counts.kept
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        data = getattr(metric, str(metric.WhichOneof("data")))
        data.data_points[0].exemplars.add(as_double=1.0)
    counts = read(request).counts
    assert (counts.kept, counts.left_out_exemplars, counts.is_whole) == (kept, 3, True)
    tally = ReceiverTally()
    tally.add(counts)
    assert tally.left_out_exemplars == 3
