"""Services of the lake; in an environment without its packages only what needs none is tested."""

from support.lake.rig import HAS_PACKAGES, lake_settings, services

__all__ = ["lake_settings", "services"]

collect_ignore_glob = [] if HAS_PACKAGES else ["test_object_store.py", "test_postgres.py"]
