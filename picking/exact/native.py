"""The compiled kernels as C functions: read from disk where they were compiled before, else compiled and kept there.

Importing numba takes about a second and compiling a quarter of a minute; a worker that only plans tours does neither:
the machine code lies beside the package (or in the user's cache where the package may not be written to) and is linked
by llvmlite alone. Owns that file; its name is a hash of the kernels' sources, the compiler's version and the processor,
so code of another version or machine is never run.
Invariant: without the file, or with one that cannot be used, the answers are the same and only the first is later.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from picking.compiling import folders

_RUNTIME = (
    "NRT_Free", "NRT_MemInfo_call_dtor", "numba_unpickle", "numba_runtime_build_excinfo_struct", "numba_gil_ensure",
    "numba_gil_release", "numba_do_raise",
)  # fmt: skip

CFunction = Callable[..., int]


class Kernels(NamedTuple):
    """C functions of `entry.COMPILED`; arguments are addresses of arrays. `kept` holds what they live in."""

    tour: CFunction
    rules: CFunction
    one_way: CFunction
    kept: tuple[Any, ...]


_lock = threading.Lock()
_loaded: list[Kernels] = []
_compiling: list[threading.Thread] = []


def kernels(wait_s: float | None = None) -> Kernels | None:
    """The kernels, read from disk if they are there (some tenths of a second, once in a process).

    Where they have to be compiled first, that goes on in a thread of its own and is waited for at most wait_s seconds:
    None says that it goes on. Without wait_s it is waited for.
    """
    if _loaded:
        return _loaded[0]
    with _lock:
        if not _loaded and not _compiling:
            for folder in folders():
                found = _read(folder / _file_name())
                if found is not None:
                    _loaded.append(found)
                    break
            else:
                thread = threading.Thread(target=_compile_and_keep, name="compile-tours", daemon=True)
                _compiling.append(thread)
                thread.start()
    if not _loaded:
        _compiling[0].join(wait_s)
    return _loaded[0] if _loaded else None


def compile_kernels() -> Path | None:
    """Has the kernels on disk: compiles them where no file of these very sources, compiler and processor can be used.
    The file, or None where nowhere may be written. For the install.
    """
    for folder in folders():
        if _read(folder / _file_name()) is not None:
            return folder / _file_name()
    return _compile_and_keep()


def _compile_and_keep() -> Path | None:
    compiled, image = _compile()
    with _lock:
        if not _loaded:
            _loaded.append(compiled)
    for folder in folders():
        if _write(folder / _file_name(), image):
            return folder / _file_name()
    return None


def _compile() -> tuple[Kernels, bytes]:
    from numba import cfunc, types

    from picking.exact.entry import COMPILED

    functions: dict[str, CFunction] = {}
    symbols: dict[str, str] = {}
    images: list[bytes] = []
    kept: list[Any] = []
    for name, (function, arguments) in COMPILED.items():
        compiled: Any = cfunc(types.int64(*arguments))(function)
        functions[name] = _as_c(compiled.address, len(arguments))
        symbols[name] = compiled._wrapper_name
        images.append(compiled._library._get_compiled_object())
        kept.append(compiled)
    header = {"symbols": symbols, "arguments": {name: len(some) for name, (_, some) in COMPILED.items()}}
    header["lengths"] = {name: len(image) for name, image in zip(COMPILED, images, strict=True)}
    text = json.dumps(header).encode()
    return Kernels(**functions, kept=tuple(kept)), text + b"\n" + b"".join(images)


def _read(file: Path) -> Kernels | None:
    try:
        line, _, images = file.read_bytes().partition(b"\n")
        header = json.loads(line)
        return _link(header, images)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError):
        # Not there, cut short by a full disk, or made by another llvmlite: it is compiled again.
        return None


def _link(header: dict[str, Any], images: bytes) -> Kernels:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    linker = llvm.create_lljit_compiler(machine)
    # The kernels neither allocate nor raise, so numba's runtime is named in them but never called.
    abort: Any = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    functions: dict[str, CFunction] = {}
    kept: list[Any] = [linker]
    at = 0
    for name, symbol in header["symbols"].items():
        end = at + header["lengths"][name]
        builder = llvm.JITLibraryBuilder().add_object_img(images[at:end]).add_current_process().export_symbol(symbol)
        for runtime in _RUNTIME:
            builder.import_symbol(runtime, abort)
        library = builder.link(linker, name)
        functions[name] = _as_c(library[symbol], header["arguments"][name])
        kept.append(library)
        at = end
    return Kernels(**functions, kept=tuple(kept))


def _as_c(address: int, arguments: int) -> CFunction:
    return ctypes.CFUNCTYPE(ctypes.c_int64, *(ctypes.c_void_p,) * arguments)(address)


def _write(file: Path, image: bytes) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
            part.write(image)
        # Made at the install by one user, read by the workers of another.
        os.chmod(part.name, 0o644)
        os.replace(part.name, file)
    except OSError:
        return False
    for old in file.parent.glob("tours-*.bin"):
        if old != file:
            with contextlib.suppress(OSError):
                old.unlink()
    return True


@cache
def _file_name() -> str:
    import llvmlite
    import llvmlite.binding as llvm

    here = Path(__file__).parent
    words = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        words.update(source.read_bytes())
    words.update(f"{llvmlite.__version__} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}".encode())
    return f"tours-{words.hexdigest()[:16]}.bin"
