"""The tests of the NPU column run in the rig that `make npu` sets up; elsewhere they are not collected, and nobody imports torch_npu."""

from importlib.util import find_spec

from models.device import npu_obstacle

if npu_obstacle() is not None or find_spec("rig") is None:
    collect_ignore_glob = ["*"]
