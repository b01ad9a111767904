"""Selection of tests by environment.

Tests of the NPU operations run only in the rig (`make npu`); nothing else imports torch_npu.
"""

import os

if "NPU_RIG" not in os.environ:
    collect_ignore_glob = ["test_npu_*.py"]
