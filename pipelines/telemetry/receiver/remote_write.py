"""Prometheus remote write: the messages of both versions, read into samples.

A request names most of its series in the very bytes, or texts, of the one before. These are the key
under which a series is known, so that its labels are parsed once.
"""

import struct
from collections.abc import Callable
from math import isnan
from operator import itemgetter
from typing import Any

from google.protobuf.message import DecodeError

from pipelines.telemetry.metrics.exposition import UNSEEN, Labels
from pipelines.telemetry.receiver.errors import BadPush, PushTooLarge
from pipelines.telemetry.receiver.messages import Label, Request, WriteRequest
from pipelines.telemetry.receiver.pushed import (
    Found,
    PushedBatch,
    PushedSeries,
    Refused,
    SeriesBook,
)

MAX_SERIES = 100_000  # of one request
# The one NaN that says that a series ended.
STALE_MARKER = struct.pack("<Q", 0x7FF0_0000_0000_0002)
# Types of metadata, of those that a page declares too.
KINDS = {1: "counter", 2: "gauge", 3: "histogram", 6: "info"}
BAD_REFERENCE = Refused("labels refer to a symbol that is not there")


def read_write_request(content: bytes, book: SeriesBook, batch: PushedBatch) -> None:
    """Add the samples of a `prometheus.WriteRequest`, version 1.0; raise BadPush if it is none."""
    for series in _parse(WriteRequest, content).timeseries:
        labels = series.labels[:]  # a slice is made in half the time of a tuple
        key = tuple(labels)
        found = book.lookup(key)
        if found is UNSEEN:
            found = book.learn(key, _parse_labels(labels))
        _add_samples(batch, found, series)


def read_request(content: bytes, book: SeriesBook, batch: PushedBatch) -> None:
    """Add the samples of an `io.prometheus.write.v2.Request`; raise BadPush if it is none."""
    request = _parse(Request, content)
    symbols: list[str] = list(request.symbols)
    if request.timeseries and (not symbols or symbols[0]):
        raise BadPush("The first of the symbols is not the empty text.")
    for series in request.timeseries:
        references = series.labels_refs
        try:
            # At least two, so that a tuple comes back.
            key = itemgetter(*references, 0)(symbols)
        except (IndexError, TypeError):
            batch.pass_over(BAD_REFERENCE, max(1, len(series.samples)))
            continue
        found = book.lookup(key)
        if found is UNSEEN:
            kind = KINDS.get(series.metadata.type, "")
            found = book.learn(key, tuple(zip(key[:-1:2], key[1:-1:2], strict=False)), kind)
        _add_samples(batch, found, series, lambda sample: sample.start_timestamp)


def _parse(kind: Any, content: bytes) -> Any:
    try:
        message = kind.FromString(content)
    except DecodeError as error:
        raise BadPush(f"The body is no {kind.DESCRIPTOR.full_name}.") from error
    if len(message.timeseries) > MAX_SERIES:
        raise PushTooLarge(
            f"The request has more than {MAX_SERIES} series; lower max_samples_per_send."
        )
    return message


def _parse_labels(labels: list[bytes]) -> Labels:
    try:
        parsed = map(Label.FromString, labels)
        return tuple((label.name, label.value) for label in parsed)
    except DecodeError as error:
        raise BadPush("A label cannot be read.") from error


def _add_samples(
    batch: PushedBatch,
    found: Found,
    series: Any,
    started: Callable[[Any], int] | None = None,
) -> None:
    counts = batch.counts
    counts.refused_histograms += len(series.histograms)
    counts.refused_exemplars += len(series.exemplars)
    if not isinstance(found, PushedSeries):
        batch.pass_over(found, len(series.samples))
        return
    of_series = series.created_timestamp if started else 0
    for sample in series.samples:
        value = sample.value
        if isnan(value) and struct.pack("<d", value) == STALE_MARKER:
            counts.markers += 1
            continue
        start = (started(sample) or of_series) if started else 0
        batch.add(found, sample.timestamp * 1000, value, start * 1000)
