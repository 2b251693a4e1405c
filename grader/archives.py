"""Looks into archives that nobody trusts: names, kinds and a few contents.

Nothing is ever unpacked onto the disk, so no name can lead anywhere. What a file
may cost (time, memory, bytes read, bytes after decompression) is limited before it
is spent: each layer reads through a meter.
"""

from __future__ import annotations

import gzip
import lzma
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, BinaryIO, Protocol, cast

_CHUNK = 1 << 16
_TAR_MAGIC = slice(257, 262)
# Extended headers are read whole, and some versions of tarfile search them in
# quadratic time. Real ones (long names, time stamps) stay far below this.
_EXTENDED_HEADER = 1 << 14
_EXTENDED_TYPES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class Refused(ValueError):
    """Nothing of the submission can be graded; the message says why, in one sentence."""


class Unfit(ValueError):
    """One file cannot be taken; the message completes "<file> ..."."""


@dataclass(frozen=True)
class Limits:
    """What a submission may cost.

    Attributes
    ----------
    file : int
        Bytes of one file that is taken.
    members : int
        Entries of an archive, whatever they are.
    archive, unpacked : int
        Bytes of an archive, and of everything in it.
    ratio, always : int
        How many times its own size an archive may unpack to; up to `always` bytes
        it may in any case.
    memory : int
        Bytes that decompression may hold.
    seconds : float
        Time for reading one archive.
    """

    file: int = 1 << 20
    members: int = 10_000
    archive: int = 64 << 20
    unpacked: int = 256 << 20
    ratio: int = 200
    always: int = 8 << 20
    memory: int = 128 << 20
    seconds: float = 10.0

    def budget(self, size: int) -> int:
        """Bytes that an archive of `size` bytes may unpack to."""
        return min(self.unpacked, max(self.always, self.ratio * size))


class Kind(Enum):
    """What a member of an archive is."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    OTHER = "a device or another special file"


@dataclass(frozen=True)
class Member:
    """One entry of an archive. `read` gives at most one byte more than a file may have.

    It must be called before the next member is asked for: a tar is a stream.
    """

    name: str
    kind: Kind
    read: Callable[[], bytes]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The entries of a zip or tar, told apart by their first bytes, never by name.

    Raises
    ------
    Refused
        If it is neither, is damaged, or would cost more than `limits`.
    """
    size = os.fstat(file.fileno()).st_size
    if size > limits.archive:
        raise Refused(f"the archive is larger than {_mib(limits.archive)}")
    head = file.read(512)
    file.seek(0)
    with _damage_refuses():
        for count, member in enumerate(_opened(head, file, size, limits), start=1):
            if count > limits.members:
                raise Refused(f"the archive holds more than {limits.members} entries")
            yield member


def _opened(head: bytes, file: BinaryIO, size: int, limits: Limits) -> Iterator[Member]:
    deadline = time.monotonic() + limits.seconds
    packed = _Meter(file, size + _CHUNK, "the archive is read more than once", deadline)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_members(packed, size, limits)
    if head.startswith(b"\x1f\x8b"):
        plain: _Readable = gzip.GzipFile(fileobj=packed, mode="rb")
    elif head.startswith(b"\xfd7zXZ\x00"):
        plain = _Unxz(packed, limits.memory)
    elif head[_TAR_MAGIC] == b"ustar":
        plain = packed
    else:
        raise Refused("the file is neither a zip nor a tar (plain, gz or xz) archive")
    budget = limits.budget(size)
    return _tar_members(_Meter(plain, budget, _bomb(budget), deadline), limits)


def _zip_members(packed: _Meter, size: int, limits: Limits) -> Iterator[Member]:
    # The directory is read at once, before its entries can be counted.
    packed.left = 400 * limits.members + 2 * _CHUNK
    packed.complaint = f"the archive holds more than {limits.members} entries"
    with zipfile.ZipFile(packed) as archive:
        # Honest entries do not overlap, so all of them together fit the archive.
        packed.left = size + _CHUNK
        packed.complaint = "entries of the archive overlap"
        budget = limits.budget(size)
        if sum(info.file_size for info in archive.infolist()) > budget:
            raise Refused(_bomb(budget))
        for info in archive.infolist():
            # The original name: the other one stops at a NUL.
            read = partial(_read_zip, archive, info, limits.file + 1)
            yield Member(info.orig_filename, _zip_kind(info), read)


def _zip_kind(info: zipfile.ZipInfo) -> Kind:
    kind = stat.S_IFMT(info.external_attr >> 16)  # zero where the packer had no Unix modes
    if kind == stat.S_IFLNK:
        return Kind.LINK
    if info.is_dir() or kind == stat.S_IFDIR:
        return Kind.FOLDER
    return Kind.FILE if kind in (0, stat.S_IFREG) else Kind.OTHER


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    if info.flag_bits & 0x1:
        raise Unfit("is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unfit("is compressed by an unusual method; pack it with plain zip")
    with _damage_refuses(), archive.open(info) as stream:
        return stream.read(size)


def _tar_members(plain: _Meter, limits: Limits) -> Iterator[Member]:
    source = cast("BinaryIO", plain)  # a stream needs no more than read
    with tarfile.open(fileobj=source, mode="r|", tarinfo=_Header) as archive:
        while info := archive.next():
            if info.size > plain.left + tarfile.RECORDSIZE:  # that much was read ahead
                raise Refused(plain.complaint)
            read = partial(_read_tar, archive, info, limits.file + 1)
            yield Member(info.name, _tar_kind(info), read)
            archive.members.clear()  # type: ignore[attr-defined] # large, and nobody goes back
    while plain.read(_CHUNK):  # check sums come at the end
        pass


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.issym() or info.islnk():
        return Kind.LINK
    if info.isdir():
        return Kind.FOLDER
    # The size of a sparse file is what it would expand to.
    return Kind.FILE if info.isreg() and not info.issparse() else Kind.OTHER


def _read_tar(archive: tarfile.TarFile, info: tarfile.TarInfo, size: int) -> bytes:
    with _damage_refuses():
        stream = archive.extractfile(info)
        return stream.read(size) if stream else b""


class _Header(tarfile.TarInfo):
    """A header that must make sense: tarfile takes a damaged one for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError:
            if bytes(buf) == bytes(tarfile.BLOCKSIZE):
                raise  # the regular end
            raise tarfile.ReadError("damaged header, or no end mark") from None
        if header.size < 0:
            raise tarfile.ReadError("negative size")
        if header.type in _EXTENDED_TYPES and header.size > _EXTENDED_HEADER:
            raise Refused("the archive holds an oversized header")
        return header


class _Meter:
    """A file that gives out `left` more bytes, and none after the deadline."""

    def __init__(self, file: Any, left: int, complaint: str, deadline: float) -> None:
        self._file = file
        self.left = left
        self.complaint = complaint
        self._deadline = deadline

    def read(self, size: int = -1) -> bytes:
        if time.monotonic() > self._deadline:
            raise Refused("the archive takes too long to read")
        data = self._file.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise Refused(self.complaint)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return self._file.seekable()


class _Unxz:
    """Decompresses as it is read; `lzma.open` would let the file choose the memory."""

    def __init__(self, file: _Readable, memory: int) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory)

    def read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size and not self._decoder.eof:
            packed = self._file.read(_CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                raise EOFError("the compressed data end too early")
            found += self._decoder.decompress(packed, size - len(found))
        return bytes(found)


@contextmanager
def _damage_refuses() -> Iterator[None]:
    """Whatever a parser makes of hostile bytes, it is the archive's fault."""
    try:
        yield
    except (Refused, Unfit):
        raise
    except Exception as problem:
        kind = type(problem).__name__
        raise Refused(f"the archive is damaged ({kind}); pack it again") from problem


def _bomb(budget: int) -> str:
    return f"the archive would unpack to more than {_mib(budget)}; pack the exercises alone"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.4g} MiB"
