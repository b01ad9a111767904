"""Messages of Prometheus remote write, and the status of OTLP over HTTP, as protobuf knows them.

They have only the fields that are read here; protobuf skips all others. Labels of the first version
and native histograms stay bytes: those of a known series are compared and never parsed, and
histograms are only counted. Built from tables, so that no code is generated for one version of
protobuf.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

TYPES = {
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "string": FieldDescriptorProto.TYPE_STRING,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
}
# A line a field: number, type, name. A name with * is repeated.
FILES = {
    "prometheus": {
        "WriteRequest": "1 TimeSeries timeseries*",
        "TimeSeries": """1 bytes labels*
            2 Sample samples*
            3 bytes exemplars*
            4 bytes histograms*""",
        "Label": """1 string name
            2 string value""",
        "Sample": """1 double value
            2 int64 timestamp""",
    },
    "io.prometheus.write.v2": {
        "Request": """4 string symbols*
            5 TimeSeries timeseries*""",
        # Prometheus 3.0 and others gave the start of a series, before samples had it.
        "TimeSeries": """1 uint32 labels_refs*
            2 Sample samples*
            3 bytes histograms*
            4 bytes exemplars*
            5 Metadata metadata
            6 int64 created_timestamp""",
        "Sample": """1 double value
            2 int64 timestamp
            3 int64 start_timestamp""",
        "Metadata": "1 int32 type",
    },
    "google.rpc": {
        "Status": """1 int32 code
            2 string message""",
    },
}


def _describe(package: str) -> FileDescriptorProto:
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, lines in FILES[package].items():
        file.message_type.add(name=name).field.extend(_fields(package, lines))
    return file


def _fields(package: str, lines: str) -> Iterator[FieldDescriptorProto]:
    for line in lines.splitlines():
        number, kind, name = line.split()
        is_repeated = name.endswith("*")
        field = FieldDescriptorProto(
            name=name.removesuffix("*"),
            number=int(number),
            label=FieldDescriptorProto.LABEL_REPEATED
            if is_repeated
            else FieldDescriptorProto.LABEL_OPTIONAL,
        )
        if kind in TYPES:
            field.type = TYPES[kind]
        else:
            field.type = FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{package}.{kind}"
        yield field


# A pool apart: another library may have loaded the whole messages into the usual one.
_pool = DescriptorPool()
for _package in FILES:
    _pool.AddSerializedFile(_describe(_package).SerializeToString())


def _message(name: str) -> Any:
    return GetMessageClass(_pool.FindMessageTypeByName(name))


WriteRequest = _message("prometheus.WriteRequest")
Label = _message("prometheus.Label")
Request = _message("io.prometheus.write.v2.Request")
Status = _message("google.rpc.Status")
