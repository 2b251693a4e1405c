"""Takes from a submission the files that the catalog names, and nothing else.

A submission is a folder (a git checkout, say), a zip or a tar. For each exercise
`exercises/NN_slug/slug.py`, `NN_slug/slug.py` or `slug.py` is looked for, at the top
or below the one folder that encloses everything, as archives made by GitHub and
learning platforms have it. Only regular files are read, never through a link; no other
name is ever opened, so `.git`, `conftest.py`, `*.pth` and their like stay behind.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from grader.archives import Kind, Limits, Member, Refused, Unfit, members
from grader.catalog import Exercise

__all__ = ["Found", "Intake", "Limits", "Refused", "take"]

LIMITS = Limits()
_NOTES = 20
_NAME = 120
_NOT_ENCLOSING = {"__MACOSX", "__pycache__"}
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".7z", ".rar")
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Found:
    """One file that was taken.

    Attributes
    ----------
    exercise : str
        Name of the exercise, `06_lr_schedules`.
    source : str
        Where it was in the submission.
    path : Path
        The copy.
    sha256 : str
        Of its bytes, in hexadecimal.
    untouched : bool
        Whether it is the stub as handed out (line ends and trailing blanks aside).
    """

    exercise: str
    source: str
    path: Path
    sha256: str
    untouched: bool


@dataclass(frozen=True)
class Intake:
    """What was taken; an exercise without a file is not started.

    Attributes
    ----------
    files : tuple of Found
        In the order of the exercises.
    notes : tuple of str
        What was left behind although it looked like an answer, a sentence each.
    """

    files: tuple[Found, ...]
    notes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """One hash for all that was taken, whatever it was packed in."""
        lines = (f"{found.sha256}  {found.exercise}\n" for found in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass
class _Offer:
    """The files of a submission that could be an answer, by the name they have there."""

    contents: dict[str, bytes] = field(default_factory=dict)
    flaws: dict[str, str] = field(default_factory=dict)
    tops: set[str] = field(default_factory=set)
    inner: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return self.contents.keys() | self.flaws.keys()

    def spoil(self, name: str, flaw: str) -> None:
        self.contents.pop(name, None)
        self.flaws[name] = flaw


def take(path: Path, into: Path, exercises: Sequence[Exercise], limits: Limits = LIMITS) -> Intake:
    """Copy the answers found at `path` to `into/NN_slug/slug.py`.

    Parameters
    ----------
    path : Path
        A folder, or a zip or tar archive.
    into : Path
        Where copies go; it must not hold any of them yet.
    exercises : sequence of Exercise
        Those looked for.
    limits : Limits, optional
        What the submission may cost.

    Raises
    ------
    Refused
        If the submission cannot be read as a whole; nothing was written then.
    """
    offer = _look(path, exercises, limits)
    enclosing = _enclosing(offer.tops)
    notes = list(offer.notes)
    found = [
        _keep(exercise, source, offer.contents[source], into)
        for exercise in exercises
        if (source := _choose(_places(exercise, enclosing), exercise, offer, notes))
    ]
    notes += _misplaced(offer, exercises, enclosing)
    if not found:
        notes = _empty_handed(offer, exercises) + notes
    return Intake(tuple(found), _first_few(notes))


def _look(path: Path, exercises: Sequence[Exercise], limits: Limits) -> _Offer:
    if path.is_symlink():
        raise Refused("the submission is a link; name what it points to")
    try:
        descriptor = os.open(path, _OPEN)
    except OSError as problem:
        raise Refused(f"the submission cannot be read ({problem.strerror})") from problem
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            return _look_into_folder(descriptor, exercises, limits)
        if not stat.S_ISREG(mode):
            raise Refused("the submission is neither a folder nor an archive")
        with open(descriptor, "rb", closefd=False) as file:
            return _look_into_archive(file, exercises, limits)
    finally:
        os.close(descriptor)


def _places(exercise: Exercise, enclosing: str | None) -> list[str]:
    """Where an answer may be, the place that counts first."""
    name, file = exercise.name, exercise.file_name
    places = [f"exercises/{name}/{file}", f"{name}/{file}", file]
    if enclosing:
        places += [f"{enclosing}/{place}" for place in places]
    return list(dict.fromkeys(places))


def _enclosing(tops: Iterable[str]) -> str | None:
    """The folder that holds everything, if there is one such folder."""
    folders = {top for top in tops if not top.startswith(".")} - _NOT_ENCLOSING
    return folders.pop() if len(folders) == 1 else None


# --- folders


def _look_into_folder(root: int, exercises: Sequence[Exercise], limits: Limits) -> _Offer:
    """Only the places are looked at, so the rest of the folder may be of any size."""
    with os.scandir(root) as entries:
        offer = _Offer(tops={e.name for e in entries if e.is_dir(follow_symlinks=False)})
    enclosing = _enclosing(offer.tops)
    for exercise in exercises:
        for place in _places(exercise, enclosing):
            try:
                offer.contents[place] = _read_below(root, place, limits.file)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except Unfit as flaw:
                offer.spoil(place, str(flaw))
            except OSError as problem:
                offer.spoil(place, f"cannot be read ({problem.strerror})")
    return offer


def _read_below(root: int, place: str, limit: int) -> bytes:
    """The file at `place`, reached step by step: a link anywhere on the way stops it."""
    *folders, name = place.split("/")
    with ExitStack() as stack:
        here = root
        for folder in folders:
            _refuse_link(folder, here)
            here = os.open(folder, _OPEN | os.O_DIRECTORY, dir_fd=here)
            stack.callback(os.close, here)
        _refuse_link(name, here)
        descriptor = os.open(name, _OPEN, dir_fd=here)
        stack.callback(os.close, descriptor)
        return _read_regular(descriptor, limit)


def _refuse_link(name: str, folder: int) -> None:
    # For the message: whoever puts a link here in between is stopped by O_NOFOLLOW.
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise Unfit("is a link, or lies behind one")


def _read_regular(descriptor: int, limit: int) -> bytes:
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        raise Unfit("is not a regular file")
    if info.st_nlink > 1:  # it could be anybody's file under another name
        raise Unfit("is a hard link; submit a copy")
    with open(descriptor, "rb", closefd=False) as file:
        return _fitting(file.read(limit + 1), limit)


def _fitting(content: bytes, limit: int) -> bytes:
    if len(content) > limit:  # the size announced is not believed: a file may grow
        raise Unfit(f"is larger than {limit} bytes")
    return content


# --- archives


def _look_into_archive(file: BinaryIO, exercises: Sequence[Exercise], limits: Limits) -> _Offer:
    offer = _Offer()
    wanted = {_folded(place) for exercise in exercises for place in _places(exercise, None)}
    spellings: dict[str, list[str]] = {}
    links: set[str] = set()
    for member in members(file, limits):
        if oddity := _oddity(member.name):
            offer.notes.append(f"{_quoted(member.name)} {oddity}; it was left out")
            continue
        name = "/".join(part for part in member.name.split("/") if part not in ("", "."))
        _survey(name, member, offer, links)
        key = _folded(name)
        if key in wanted or key.partition("/")[2] in wanted:
            spellings.setdefault(key, []).append(name)
            _offer_member(name, member, offer, limits)
    _spoil_ambiguous(offer, spellings, links)
    return offer


def _survey(name: str, member: Member, offer: _Offer, links: set[str]) -> None:
    top, below, _ = name.partition("/")
    if below or member.kind is Kind.FOLDER:
        offer.tops.add(top)
    if member.kind is Kind.LINK:
        links.add(name)
    if member.kind is Kind.FILE and name.lower().endswith(_ARCHIVES):
        offer.inner.append(name)


def _offer_member(name: str, member: Member, offer: _Offer, limits: Limits) -> None:
    try:
        if member.kind is not Kind.FILE:
            raise Unfit(f"is {member.kind.value}, not a regular file")
        offer.contents[name] = _fitting(member.read(), limits.file)
    except Unfit as flaw:
        offer.spoil(name, str(flaw))


def _spoil_ambiguous(offer: _Offer, spellings: dict[str, list[str]], links: set[str]) -> None:
    """Two files of one name: unpackers disagree on which one stays."""
    for names in spellings.values():
        if len(names) > 1:
            for name in names:
                offer.spoil(name, f"is there {len(names)} times, upper and lower case aside")
    for name in list(offer.contents):
        parents = name.split("/")[:-1]
        if any("/".join(parents[: i + 1]) in links for i in range(len(parents))):
            offer.spoil(name, "lies behind a link")


def _oddity(name: str) -> str | None:
    """What no honest name has: it would lead elsewhere, or mean two things."""
    if name.startswith("/") or name[1:2] == ":":
        return "is an absolute name"
    if ".." in name.split("/"):
        return "leads out of the archive"
    if "\\" in name:
        return "has a backslash; pack it again with forward slashes"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "has characters that no name should have"
    return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


# --- the decision


def _choose(
    places: Sequence[str], exercise: Exercise, offer: _Offer, notes: list[str]
) -> str | None:
    """The first place where there is anything; a flaw there is not mended from elsewhere."""
    there = [place for place in places if place in offer.names]
    if not there:
        return None
    taken, *others = there
    if taken in offer.flaws:
        notes.append(f"{exercise.name}: {_quoted(taken)} {offer.flaws[taken]}; it was left out")
        return None
    notes += [f"{exercise.name}: {_quoted(taken)} counts, not {_quoted(it)}" for it in others]
    return taken


def _keep(exercise: Exercise, source: str, content: bytes, into: Path) -> Found:
    path = into / exercise.name / exercise.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
    digest = hashlib.sha256(content).hexdigest()
    return Found(exercise.name, source, path, digest, _is_stub(exercise, content))


def _is_stub(exercise: Exercise, content: bytes) -> bool:
    if not exercise.stub.is_file():
        return False
    return _stripped(content) == _stripped(exercise.stub.read_bytes())


def _stripped(content: bytes) -> list[bytes]:
    """The lines without what editors change on their own."""
    return [line.rstrip() for line in content.rstrip().splitlines()]


def _misplaced(offer: _Offer, exercises: Sequence[Exercise], enclosing: str | None) -> list[str]:
    used = {place for exercise in exercises for place in _places(exercise, enclosing)}
    return [
        f"{_quoted(name)} was left out: not a place, or a spelling, that is looked at"
        for name in sorted(offer.names - used)
    ]


def _empty_handed(offer: _Offer, exercises: Sequence[Exercise]) -> list[str]:
    examples = [_places(exercise, None)[0] for exercise in exercises[:1]]
    notes = [f"no answer was found; the first is looked for at {place}" for place in examples]
    inner = "is an archive inside the archive; such are not opened"
    return notes + [f"{_quoted(name)} {inner}" for name in offer.inner]


def _first_few(notes: Sequence[str]) -> tuple[str, ...]:
    if len(notes) <= _NOTES:
        return tuple(notes)
    return (*notes[:_NOTES], f"and {len(notes) - _NOTES} more notes")


def _quoted(name: str) -> str:
    """A name from a submission, without anything that could disturb a message."""
    return repr(name if len(name) <= _NAME else name[:_NAME] + "...")
