"""Tests that need Postgres, S3 and the packages of the lake; `make lake` has their fixtures."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("duckdb_extension_ducklake") else ["test_*.py"]
