"""Permissions of files for a process of root, which otherwise may do everything."""

import ctypes
import ctypes.util

# Of linux/capability.h: to pass by the permissions of files, and to read all of them.
VERSION, IGNORED = 0x20080522, 0b110


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


def obey_permissions() -> None:
    """Give up the right to pass by permissions, for this process."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    header, data = _Header(VERSION, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capget")
    for name in ("effective", "permitted"):
        setattr(data[0], name, getattr(data[0], name) & ~IGNORED)
    if libc.capset(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capset")
