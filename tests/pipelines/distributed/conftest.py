"""Tests that need services have a name with `lake`; `make lake` has their fixtures."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("duckdb_extension_ducklake") else ["test_*_lake.py"]
