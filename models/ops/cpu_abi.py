"""The C interface of `cpu_fused.cpp`: its structures, and the library with typed functions."""

import ctypes
from ctypes import POINTER, Structure, c_float, c_int64, c_void_p
from functools import cache
from pathlib import Path

import platformdirs
import torch

from models.ops.cpu_library import SHIPPED, CpuColumn, NoLibrary, find_library

ENDINGS = {torch.float32: "float", torch.bfloat16: "bfloat16"}
INT8_CACHE = "_int8"  # ends the name of an `attend` with its cache in INT8


class AttentionPart(Structure):
    """`Attention` of the library."""

    _fields_ = (
        *[(name, c_void_p) for name in ("norm", "qkv", "head_norm", "out")],
        *[(name, c_int64) for name in ("hidden", "heads", "shared", "size")],
        ("epsilon", c_float),
    )


class MlpPart(Structure):
    """`Mlp` of the library."""

    _fields_ = (
        *[(name, c_void_p) for name in ("norm", "router", "gate_up", "down", "tally")],
        *[(name, c_int64) for name in ("hidden", "experts", "chosen", "width", "renormalise")],
        ("epsilon", c_float),
    )


class StepPart(Structure):
    """`Step` of the library."""

    _fields_ = (
        *[(name, c_int64) for name in ("rows", "block_tokens", "table_width")],
        *[(name, c_void_p) for name in ("positions", "slots", "sequences", "table")],
        *[(name, c_void_p) for name in ("scratch", "queries", "attended")],
    )


def cache_folder() -> Path:
    """Return the folder where this user's builds are kept."""
    return platformdirs.user_cache_path("tokentide") / "kernels"


@cache
def load_library(column: CpuColumn, folder: Path, shipped: Path = SHIPPED) -> ctypes.CDLL:
    """Load the library of a column: shipped, or from this cache of builds, or built into it.

    Raise NoLibrary with the reason if it cannot be had.
    """
    path = find_library(column, folder, shipped)
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise NoLibrary(f"{path} cannot be loaded ({error})") from error
    addresses = {
        "attend": [POINTER(AttentionPart), POINTER(StepPart), *[c_void_p] * 5, c_int64],
        "mix": [POINTER(MlpPart), c_int64, c_void_p, c_void_p],
        "head": [*[c_void_p] * 4, *[c_int64] * 3, c_float, c_void_p, c_void_p],
    }
    for ending in ENDINGS.values():
        functions = {f"{name}_{ending}": kinds for name, kinds in addresses.items()}
        functions[f"attend_{ending}{INT8_CACHE}"] = addresses["attend"]
        for name, kinds in functions.items():
            function = getattr(library, name)
            function.argtypes, function.restype = kinds, None
    library.draw.argtypes = [c_void_p, c_int64, c_int64, *[c_void_p] * 6]
    library.draw.restype = None
    return library
