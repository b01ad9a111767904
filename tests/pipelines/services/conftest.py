"""Tests of services; those that need a running one are for `make lake`, which has the fixtures."""

from importlib.util import find_spec

NEED_SERVICES = ["test_object_store.py", "test_postgres.py"]
collect_ignore_glob = [] if find_spec("duckdb_extension_ducklake") else NEED_SERVICES
