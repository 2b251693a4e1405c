"""Intake: only the named files are taken, whatever a submission is made of."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import socket
import stat
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.catalog import Exercise
from grader.intake import Intake, Limits, Refused, take

SCHEDULES = "exercises/06_lr_schedules/lr_schedules.py"
NETWORK = "exercises/01_neural_network/neural_network.py"
ANSWER = b"def cosine():\n    return 1\n"
STUB = b'def cosine():\n    raise NotImplementedError("part 1")\n'

Files = Mapping[str, bytes]
Take = Callable[..., Intake]


@pytest.fixture
def exercises(tmp_path: Path) -> list[Exercise]:
    """Two exercises of a small catalog with stubs."""
    root = tmp_path / "katas"
    found = [Exercise("01_neural_network", root), Exercise("06_lr_schedules", root)]
    for exercise in found:
        exercise.stub.parent.mkdir(parents=True)
        exercise.stub.write_bytes(STUB)
    return found


@pytest.fixture
def taken(tmp_path: Path, exercises: list[Exercise]) -> Take:
    """Take a submission into `tmp_path/into`."""

    def run(path: Path, **limits: float) -> Intake:
        return take(path, tmp_path / "into", exercises, Limits(**limits))

    return run


def copied(tmp_path: Path) -> dict[str, bytes]:
    """Everything that lies in the folder that files were taken into."""
    into = tmp_path / "into"
    return {
        path.relative_to(into).as_posix(): path.read_bytes()
        for path in into.rglob("*")
        if not path.is_dir()
    }


def as_folder(path: Path, files: Files) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def as_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def as_tar(path: Path, files: Files, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


PACKERS = {
    "folder": as_folder,
    "zip": as_zip,
    "tar": as_tar,
    "tgz": lambda path, files: as_tar(path, files, "w:gz"),
    "txz": lambda path, files: as_tar(path, files, "w:xz"),
}


def entry(path: Path, name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Path:
    """A tar that holds an entry of any kind beside an honest answer."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(NETWORK)
        info.size = len(ANSWER)
        archive.addfile(info, io.BytesIO(ANSWER))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        info.size = len(ANSWER) if kind == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(ANSWER))
    return path


# --- what is taken


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize(
    "place",
    [SCHEDULES, "06_lr_schedules/lr_schedules.py", "lr_schedules.py"],
)
@pytest.mark.parametrize("enclosing", ["", "katas-main/"])
def test_an_answer_is_found_in_its_places(
    pack: Callable[[Path, Files], Path], place: str, enclosing: str, taken: Take, tmp_path: Path
) -> None:
    """An answer counts in each of three places, at the top or in one enclosing folder."""
    intake = taken(pack(tmp_path / "hw", {enclosing + place: ANSWER}))
    assert copied(tmp_path) == {"06_lr_schedules/lr_schedules.py": ANSWER}
    (found,) = intake.files
    assert (found.exercise, found.source) == ("06_lr_schedules", enclosing + place)
    assert found.path.read_bytes() == ANSWER
    assert found.sha256 == hashlib.sha256(ANSWER).hexdigest()
    assert not found.untouched
    assert intake.notes == ()


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_nothing_else_is_taken(
    pack: Callable[[Path, Files], Path], taken: Take, tmp_path: Path
) -> None:
    """Other files stay behind, those above all that Python or pytest would run."""
    other = [
        ".git/config",
        ".git/hooks/post-checkout",
        "conftest.py",
        "exercises/conftest.py",
        "exercises/06_lr_schedules/conftest.py",
        "exercises/06_lr_schedules/helper.py",
        "exercises/06_lr_schedules/__pycache__/lr_schedules.cpython-311.pyc",
        "exercises/06_lr_schedules/torch.py",
        "evil.pth",
        "evil-1.0.dist-info/entry_points.txt",
        "pytest.ini",
        "sitecustomize.py",
        "solutions/06_lr_schedules/lr_schedules.py",
        "tests/06_lr_schedules/test_lr_schedules.py",
    ]
    taken(pack(tmp_path / "hw", {SCHEDULES: ANSWER} | dict.fromkeys(other, b"evil")))
    assert copied(tmp_path) == {"06_lr_schedules/lr_schedules.py": ANSWER}


def test_what_is_missing_is_not_started(taken: Take, tmp_path: Path) -> None:
    """An exercise without a file is no error, and an empty submission says where to put one."""
    intake = taken(as_folder(tmp_path / "hw", {"README.md": b""}))
    assert intake.files == ()
    assert "exercises/01_neural_network/neural_network.py" in intake.notes[0]


def test_the_exercises_keep_their_order(taken: Take, tmp_path: Path) -> None:
    """Files are listed in the order of the catalog, not of the archive."""
    intake = taken(as_zip(tmp_path / "hw.zip", {SCHEDULES: ANSWER, NETWORK: ANSWER}))
    assert [found.exercise for found in intake.files] == ["01_neural_network", "06_lr_schedules"]


@pytest.mark.parametrize(
    ("content", "untouched"),
    [
        (STUB, True),
        (STUB.replace(b"\n", b"\r\n") + b"\n", True),
        (STUB + b"x = 1\n", False),
        (STUB.replace(b"    ", b"  "), False),
    ],
)
def test_an_untouched_stub_is_recognised(
    content: bytes, untouched: bool, taken: Take, tmp_path: Path
) -> None:
    """A file that equals the stub but for line ends is untouched; any other is not."""
    intake = taken(as_folder(tmp_path / "hw", {SCHEDULES: content}))
    assert [found.untouched for found in intake.files] == [untouched]


def test_the_hash_is_of_the_answers_alone(exercises: list[Exercise], tmp_path: Path) -> None:
    """The same answers have the same hash however packed; other answers have another."""
    answers = {SCHEDULES: ANSWER, NETWORK: STUB}
    hashes = [
        take(pack(tmp_path / f"hw.{name}", answers), tmp_path / name, exercises).sha256
        for name, pack in PACKERS.items()
    ]
    swapped = as_folder(tmp_path / "swapped", {SCHEDULES: STUB, NETWORK: ANSWER})
    assert len(set(hashes)) == 1
    assert take(swapped, tmp_path / "other", exercises).sha256 not in hashes


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_of_two_candidates_the_first_place_counts(
    pack: Callable[[Path, Files], Path], taken: Take, tmp_path: Path
) -> None:
    """With an answer in two places the more specific place wins, and a note says so."""
    intake = taken(pack(tmp_path / "hw", {"lr_schedules.py": b"other", SCHEDULES: ANSWER}))
    assert copied(tmp_path) == {"06_lr_schedules/lr_schedules.py": ANSWER}
    assert intake.notes == (f"06_lr_schedules: '{SCHEDULES}' counts, not 'lr_schedules.py'",)


def test_an_existing_copy_is_never_overwritten(taken: Take, tmp_path: Path) -> None:
    """Copies go where nothing is yet: one submission cannot replace what another left."""
    folder = as_folder(tmp_path / "hw", {SCHEDULES: ANSWER})
    taken(folder)
    with pytest.raises(FileExistsError):
        taken(folder)


# --- folders


@pytest.mark.parametrize("linked", [SCHEDULES, "exercises/06_lr_schedules", "exercises"])
def test_links_are_not_followed(linked: str, taken: Take, tmp_path: Path) -> None:
    """Neither the file nor a folder on the way to it may be a link."""
    secret = as_folder(tmp_path / "secret", {SCHEDULES: b"secret"})
    (tmp_path / "hw" / linked).parent.mkdir(parents=True)
    (tmp_path / "hw" / linked).symlink_to(secret / linked)
    intake = taken(tmp_path / "hw")
    assert intake.files == ()
    assert any("link" in note for note in intake.notes)


def test_a_link_hides_no_other_exercise(taken: Take, tmp_path: Path) -> None:
    """What is refused costs its own exercise, not the rest."""
    folder = as_folder(tmp_path / "hw", {NETWORK: ANSWER, "exercises/06_lr_schedules/x": b""})
    (folder / SCHEDULES).symlink_to(folder / NETWORK)
    intake = taken(folder)
    assert [found.exercise for found in intake.files] == ["01_neural_network"]
    assert intake.notes == (
        f"06_lr_schedules: '{SCHEDULES}' is a link, or lies behind one; it was left out",
    )


def test_a_flaw_is_not_mended_from_another_place(taken: Take, tmp_path: Path) -> None:
    """Where the first place holds something unfit, no other place is tried in its stead."""
    folder = as_folder(tmp_path / "hw", {"lr_schedules.py": ANSWER, NETWORK: ANSWER})
    (folder / SCHEDULES).parent.mkdir()
    (folder / SCHEDULES).symlink_to(folder / NETWORK)
    assert [found.exercise for found in taken(folder).files] == ["01_neural_network"]


def test_hard_links_are_refused(taken: Take, tmp_path: Path) -> None:
    """A second name of somebody's file is not a submission."""
    secret = as_folder(tmp_path / "secret", {"key": b"secret"}) / "key"
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw" / "lr_schedules.py").hardlink_to(secret)
    assert "hard link" in "".join(taken(tmp_path / "hw").notes)
    assert copied(tmp_path) == {}


@pytest.mark.parametrize("kind", ["folder", "pipe", "socket"])
def test_only_regular_files_are_read(
    kind: str, taken: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, pipe or socket under the name of an answer is refused, and nothing waits."""
    (tmp_path / "hw").mkdir()
    monkeypatch.chdir(tmp_path / "hw")  # the name of a socket must be short
    if kind == "folder":
        Path("lr_schedules.py").mkdir()
    elif kind == "pipe":
        os.mkfifo("lr_schedules.py")
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("lr_schedules.py")
    intake = taken(tmp_path / "hw")
    assert intake.files == ()
    assert "lr_schedules.py" in intake.notes[-1]


def test_a_race_is_lost_by_the_submission(
    taken: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file exchanged for a link between look and opening is still not followed."""
    secret = as_folder(tmp_path / "secret", {"key": b"secret"}) / "key"
    folder = as_folder(tmp_path / "hw", {"lr_schedules.py": ANSWER})
    look = os.stat

    def exchange(path: object, *arguments: object, **options: object) -> os.stat_result:
        result = look(path, *arguments, **options)
        if path == "lr_schedules.py" and not (folder / path).is_symlink():
            (folder / path).unlink()
            (folder / path).symlink_to(secret)
        return result

    monkeypatch.setattr(os, "stat", exchange)
    intake = taken(folder)
    monkeypatch.undo()
    assert (folder / "lr_schedules.py").is_symlink()
    assert intake.files == ()


def test_a_growing_file_is_capped(
    taken: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cap holds for what is read, not for the size that was announced."""
    folder = as_folder(tmp_path / "hw", {"lr_schedules.py": b"#" * 1001})
    monkeypatch.setattr(stat, "S_ISREG", lambda _mode: True)
    intake = taken(folder, file=1000)
    assert intake.files == ()
    assert "larger than 1000 bytes" in "".join(intake.notes)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
def test_a_file_may_be_as_large_as_the_cap(
    pack: Callable[[Path, Files], Path], size: int, fits: bool, taken: Take, tmp_path: Path
) -> None:
    """The cap itself still fits; one byte more does not, and the rest is still graded."""
    answers = {SCHEDULES: b"#" * size, NETWORK: ANSWER}
    intake = taken(pack(tmp_path / "hw", answers), file=1000)
    assert len(intake.files) == 1 + fits
    assert ("larger than 1000 bytes" in "".join(intake.notes)) is not fits


def test_a_submission_that_is_a_link_is_refused(taken: Take, tmp_path: Path) -> None:
    """One of many submissions cannot point to another one's folder."""
    as_folder(tmp_path / "other", {SCHEDULES: ANSWER})
    (tmp_path / "hw").symlink_to(tmp_path / "other")
    with pytest.raises(Refused, match="is a link"):
        taken(tmp_path / "hw")


def test_a_missing_submission_is_refused(taken: Take, tmp_path: Path) -> None:
    """A path with nothing there is refused with the reason."""
    with pytest.raises(Refused, match="No such file"):
        taken(tmp_path / "nothing")


def test_a_pipe_is_refused_at_once(taken: Take, tmp_path: Path) -> None:
    """A submission that is a pipe is refused without waiting for a writer."""
    os.mkfifo(tmp_path / "hw")
    with pytest.raises(Refused, match="neither a folder nor an archive"):
        taken(tmp_path / "hw")


def test_two_enclosing_folders_enclose_nothing(taken: Take, tmp_path: Path) -> None:
    """With two folders at the top none is taken for the one that encloses everything."""
    folder = as_folder(tmp_path / "hw", {"a/lr_schedules.py": ANSWER, "b/lr_schedules.py": ANSWER})
    assert taken(folder).files == ()


def test_a_link_encloses_nothing(taken: Take, tmp_path: Path) -> None:
    """A link to a folder at the top does not hide the folder that encloses everything."""
    folder = as_folder(tmp_path / "hw", {"mine/lr_schedules.py": ANSWER})
    (folder / "other").symlink_to(tmp_path)
    assert len(taken(folder).files) == 1


def test_packers_own_folders_do_not_count(taken: Take, tmp_path: Path) -> None:
    """Folders that a Mac or an editor leaves behind do not hide the enclosing one."""
    litter = {"__MACOSX/hw/._lr_schedules.py": b"", ".idea/x": b"", "hw/lr_schedules.py": ANSWER}
    assert len(taken(as_zip(tmp_path / "hw.zip", litter)).files) == 1


# --- archives


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "a device"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.DIRTYPE, "a folder"),
    ],
)
def test_only_regular_members_are_read(
    kind: bytes, words: str, taken: Take, tmp_path: Path
) -> None:
    """A link or device under the name of an answer is refused; the rest is graded."""
    intake = taken(entry(tmp_path / "hw.tar", SCHEDULES, kind, "/etc/passwd"))
    assert [found.exercise for found in intake.files] == ["01_neural_network"]
    assert words in "".join(intake.notes)


def test_a_zipped_link_is_refused(taken: Take, tmp_path: Path) -> None:
    """A link in a zip is not taken for a file that holds its target's name."""
    info = zipfile.ZipInfo(SCHEDULES)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "hw.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "a link" in "".join(taken(tmp_path / "hw.zip").notes)
    assert copied(tmp_path) == {}


def test_a_file_behind_a_packed_link_is_refused(taken: Take, tmp_path: Path) -> None:
    """A member whose folder is a link in the same archive is refused."""
    with tarfile.open(tmp_path / "hw.tar", "w") as archive:
        link = tarfile.TarInfo("exercises")
        link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
        archive.addfile(link)
        info = tarfile.TarInfo(SCHEDULES)
        info.size = len(ANSWER)
        archive.addfile(info, io.BytesIO(ANSWER))
    assert "behind a link" in "".join(taken(tmp_path / "hw.tar").notes)
    assert copied(tmp_path) == {}


@pytest.mark.parametrize("pack", [as_zip, as_tar])
@pytest.mark.parametrize(
    "name",
    [
        f"/{SCHEDULES}",
        f"../{SCHEDULES}",
        f"exercises/../{SCHEDULES}",
        f"exercises/06_lr_schedules/../../../../{SCHEDULES}",
        f"C:/{SCHEDULES}",
        SCHEDULES.replace("/", "\\"),
        f"{SCHEDULES}\n",
        "exercises/06_lr_schedules/\x1b[2Jlr_schedules.py",
    ],
)
def test_odd_names_are_left_out(
    pack: Callable[[Path, Files], Path], name: str, taken: Take, tmp_path: Path
) -> None:
    """A name that leads elsewhere or means two things is left out with a note."""
    intake = taken(pack(tmp_path / "hw", {NETWORK: ANSWER, name: b"evil"}))
    assert copied(tmp_path) == {"01_neural_network/neural_network.py": ANSWER}
    (note,) = intake.notes
    assert note.isprintable()


def test_a_name_with_a_nul_is_left_out(taken: Take, tmp_path: Path) -> None:
    """A zip's name is not cut at a NUL, as it would be by the library's own reading."""
    path = as_zip(tmp_path / "hw.zip", {SCHEDULES + "@.txt": b"evil"})
    path.write_bytes(path.read_bytes().replace(b"@.txt", b"\x00.txt"))
    assert taken(path).files == ()


def test_a_name_that_is_not_utf8_is_left_out(taken: Take, tmp_path: Path) -> None:
    """Bytes that are no text are left out, and the note is text all the same."""
    path = as_tar(tmp_path / "hw.tar", {NETWORK: ANSWER})
    with tarfile.open(path, "a", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("exercises/\udcff.py"))
    intake = taken(path)
    assert len(intake.files) == 1
    assert "".join(intake.notes).encode("utf-8")


@pytest.mark.parametrize(
    "twin",
    [
        SCHEDULES,
        f"./{SCHEDULES}",
        SCHEDULES.upper(),
        SCHEDULES.replace("lr_", "LR_"),
        SCHEDULES.replace("/06", "//06"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(
    twin: str, first: bool, taken: Take, tmp_path: Path
) -> None:
    """Where unpackers would disagree on which file stays, neither is graded."""
    pair = [(SCHEDULES, ANSWER), (twin, b"evil")]
    with zipfile.ZipFile(tmp_path / "hw.zip", "w") as archive:
        for name, content in pair if first else reversed(pair):
            archive.writestr(name, content)
    intake = taken(tmp_path / "hw.zip")
    assert intake.files == ()
    assert "is there 2 times" in "".join(intake.notes)


def test_a_link_and_a_file_of_one_name_are_refused(taken: Take, tmp_path: Path) -> None:
    """A link that a later file of its name would be written through is no way in."""
    path = entry(tmp_path / "hw.tar", SCHEDULES, tarfile.SYMTYPE, "/tmp/x")
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo(SCHEDULES)
        info.size = len(ANSWER)
        archive.addfile(info, io.BytesIO(ANSWER))
    assert [found.exercise for found in taken(path).files] == ["01_neural_network"]


def test_a_misspelt_place_is_mentioned(taken: Take, tmp_path: Path) -> None:
    """An answer under a name of the wrong case is not passed over in silence."""
    name = SCHEDULES.replace("lr", "LR")
    intake = taken(as_zip(tmp_path / "hw.zip", {name: ANSWER, NETWORK: ANSWER}))
    assert [found.exercise for found in intake.files] == ["01_neural_network"]
    assert intake.notes == (
        f"'{name}' was left out: not a place, or a spelling, that is looked at",
    )


def test_an_inner_archive_is_not_opened(taken: Take, tmp_path: Path) -> None:
    """A zip inside a zip stays shut, and a note says so where nothing else was found."""
    inner = as_zip(tmp_path / "inner.zip", {SCHEDULES: ANSWER}).read_bytes()
    intake = taken(as_zip(tmp_path / "hw.zip", {"inner.zip": inner}))
    assert intake.files == ()
    assert "'inner.zip' is an archive inside the archive" in intake.notes[1]


def test_an_encrypted_file_is_refused(taken: Take, tmp_path: Path) -> None:
    """An encrypted member is named; the others are graded."""
    path = as_zip(tmp_path / "hw.zip", {NETWORK: ANSWER, SCHEDULES: ANSWER})
    data = bytearray(path.read_bytes())
    for mark, offset, name in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        start = data.find(mark)
        while not data.startswith(SCHEDULES.encode(), start + name):
            start = data.find(mark, start + 1)
        data[start + offset] |= 1
    path.write_bytes(data)
    intake = taken(path)
    assert [found.exercise for found in intake.files] == ["01_neural_network"]
    assert "is encrypted" in "".join(intake.notes)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(method: int, taken: Take, tmp_path: Path) -> None:
    """Methods that cost memory at the file's own choice are not decompressed."""
    with zipfile.ZipFile(tmp_path / "hw.zip", "w", method) as archive:
        archive.writestr(SCHEDULES, ANSWER)
    assert "unusual method" in "".join(taken(tmp_path / "hw.zip").notes)


# --- damage and bombs


@pytest.mark.parametrize("pack", [as_zip, as_tar])
def test_too_many_members_are_refused(
    pack: Callable[[Path, Files], Path], taken: Take, tmp_path: Path
) -> None:
    """An archive of more entries than allowed is refused; as many as allowed are fine."""
    files = {SCHEDULES: ANSWER} | {f"{i}": b"" for i in range(9)}
    path = pack(tmp_path / "hw", files)
    with pytest.raises(Refused, match="more than 9 entries"):
        taken(path, members=9)
    assert len(taken(path, members=10).files) == 1


def test_a_huge_directory_is_refused_before_it_is_built(taken: Take, tmp_path: Path) -> None:
    """A zip of very many names is refused by the length of its directory."""
    names = {f"{'x' * 200}{i}": b"" for i in range(2000)}
    path = as_zip(tmp_path / "hw.zip", names)
    with pytest.raises(Refused, match="more than 10 entries"):
        taken(path, members=10)


def test_an_oversized_archive_is_refused(taken: Take, tmp_path: Path) -> None:
    """The archive's own size is capped before a byte of it is read."""
    path = as_tar(tmp_path / "hw.tar", {SCHEDULES: ANSWER})
    with pytest.raises(Refused, match="larger than"):
        taken(path, archive=10_239)
    assert len(taken(path, archive=10_240).files) == 1


@pytest.mark.parametrize("name", ["zip", "tgz", "txz"])
def test_a_bomb_is_refused(name: str, taken: Take, tmp_path: Path) -> None:
    """An archive that unpacks to 200 times its size is refused in little memory."""
    bomb = {SCHEDULES: ANSWER, "zeros.bin": bytes(40 << 20)}
    path = PACKERS[name](tmp_path / "hw", bomb)
    del bomb
    tracemalloc.start()
    with pytest.raises(Refused, match="would unpack to more than"):
        taken(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20  # of 40; xz itself holds 8


def test_a_bomb_that_lies_about_its_size_is_capped(taken: Take, tmp_path: Path) -> None:
    """A member that announces a few bytes gives out no more than those."""
    path = as_zip(tmp_path / "hw.zip", {SCHEDULES: bytes(4 << 20)})
    size = (4 << 20).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(Refused, match="damaged"):
        taken(path)


def test_a_greedy_xz_is_refused(taken: Take, tmp_path: Path) -> None:
    """A file may not choose how much memory its decompression takes."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]
    plain = as_tar(tmp_path / "hw.tar", {SCHEDULES: ANSWER}).read_bytes()
    (tmp_path / "hw.tar.xz").write_bytes(_xz_with_dictionary(plain, filters))
    with pytest.raises(Refused, match="damaged"):
        taken(tmp_path / "hw.tar.xz")


def _xz_with_dictionary(plain: bytes, filters: list) -> bytes:
    """Compress with a small dictionary, then announce a large one (with its check sum)."""
    small = [{**filters[0], "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(plain, lzma.FORMAT_XZ, filters=small))
    header = slice(12, 12 + (data[12] + 1) * 4)  # of the block
    block = data[header]
    assert block[2:4] == bytes((lzma.FILTER_LZMA2, 1))
    block[4] = 34  # 512 MiB
    block[-4:] = zlib.crc32(block[:-4]).to_bytes(4, "little")
    data[header] = block
    return bytes(data)


def test_an_oversized_tar_header_is_refused(taken: Take, tmp_path: Path) -> None:
    """A header that the library would read whole is refused by its size."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 20
    (tmp_path / "hw.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + b"1" * (1 << 20))
    with pytest.raises(Refused, match="oversized header"):
        taken(tmp_path / "hw.tar")


@pytest.mark.parametrize("size", [b"\xff" * 11 + b"\x00", b"\x80" + b"\xff" * 11])
def test_an_impossible_size_is_refused_at_once(size: bytes, taken: Take, tmp_path: Path) -> None:
    """A negative size is damage, and an endless one is not waited for."""
    (tmp_path / "hw.tar").write_bytes(_forged(tarfile.TarInfo(SCHEDULES), size) + bytes(10_240))
    with pytest.raises(Refused, match=r"damaged|would unpack"):
        taken(tmp_path / "hw.tar")


def _forged(info: tarfile.TarInfo, size: bytes) -> bytes:
    """A header with these bytes for its size, and a check sum that fits."""
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    return bytes(header)


def test_a_sparse_file_is_not_expanded(taken: Take, tmp_path: Path) -> None:
    """A sparse member says itself what it expands to; it is refused instead."""
    info = tarfile.TarInfo(SCHEDULES)
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(_forged(info, b"00000000000\x00"))
    header[483:495] = b"00000001750\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    (tmp_path / "hw.tar").write_bytes(bytes(header) + bytes(10_240))
    assert "a device or another special file" in "".join(taken(tmp_path / "hw.tar").notes)


def test_overlapping_members_are_refused(taken: Take, tmp_path: Path) -> None:
    """Entries that share one piece of compressed data cannot multiply it."""
    path = as_zip(tmp_path / "hw.zip", {SCHEDULES: os.urandom(200_000)})
    data = bytearray(path.read_bytes())
    directory, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[directory:end]
    data[end:end] = entry
    data[-14:-10] = (2).to_bytes(2, "little") * 2
    data[-10:-6] = (2 * len(entry)).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"overlap|damaged"):  # newer libraries notice it, too
        taken(path)


@pytest.mark.parametrize("name", ["zip", "tar", "tgz", "txz"])
def test_a_cut_archive_is_refused(name: str, taken: Take, tmp_path: Path) -> None:
    """An upload that broke off is refused as a whole instead of graded in part."""
    path = PACKERS[name](tmp_path / "hw", {NETWORK: ANSWER, SCHEDULES: os.urandom(5000)})
    data = path.read_bytes()
    cut = 1024 if name == "tar" else len(data) - 12
    path.write_bytes(data[:cut])
    with pytest.raises(Refused, match="damaged"):
        taken(path)
    assert copied(tmp_path) == {}


def test_a_damaged_tar_header_is_no_end(taken: Take, tmp_path: Path) -> None:
    """A broken header in the middle refuses the archive; it does not hide what follows."""
    path = as_tar(tmp_path / "hw.tar", {NETWORK: ANSWER, SCHEDULES: ANSWER})
    data = bytearray(path.read_bytes())
    data[1024 + 148] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match="damaged"):
        taken(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"Rar!\x1a\x07\x00", bytes(10_240)])
def test_other_files_are_refused(content: bytes, taken: Take, tmp_path: Path) -> None:
    """A file that is no zip or tar is refused, whatever its name says."""
    (tmp_path / "hw.zip").write_bytes(content)
    with pytest.raises(Refused, match="neither a zip nor a tar"):
        taken(tmp_path / "hw.zip")


@pytest.mark.parametrize("name", ["zip", "tgz", "txz"])
def test_the_name_of_an_archive_means_nothing(name: str, taken: Take, tmp_path: Path) -> None:
    """An archive is known by its first bytes: a tar called .zip is read as the tar it is."""
    assert len(taken(PACKERS[name](tmp_path / "hw.rar", {SCHEDULES: ANSWER})).files) == 1


def test_reading_takes_no_longer_than_allowed(taken: Take, tmp_path: Path) -> None:
    """The deadline stops an archive that is within every other limit."""
    path = as_tar(tmp_path / "hw.tar", {SCHEDULES: ANSWER})
    with pytest.raises(Refused, match="takes too long"):
        taken(path, seconds=-1.0)


def test_notes_are_few(taken: Take, tmp_path: Path) -> None:
    """A thousand odd names leave a handful of notes and their number."""
    names = {f"../{'x' * 5000}{i}": b"" for i in range(1000)}
    intake = taken(as_tar(tmp_path / "hw.tar", {SCHEDULES: ANSWER} | names))
    assert len(intake.notes) == 21
    assert intake.notes[-1] == "and 980 more notes"
    assert len("".join(intake.notes)) < 5000


def _mutations() -> st.SearchStrategy[list[tuple[float, int]]]:
    change = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255))
    return st.lists(change, min_size=1, max_size=12)


@pytest.mark.parametrize("name", ["zip", "tar", "tgz", "txz"])
@settings(
    max_examples=150,
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=_mutations(), cut=st.floats(0, 1))
@example(changes=[(0.0, 0)], cut=1.0)
def test_damage_ends_in_a_verdict(
    name: str,
    changes: list[tuple[float, int]],
    cut: float,
    exercises: list[Exercise],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever bytes change, an archive is taken within its limits or refused, nothing else."""
    folder = tmp_path_factory.mktemp("fuzz")
    path = PACKERS[name](folder / "hw", {SCHEDULES: ANSWER, NETWORK: b"#" * 600, "x/y": b""})
    data = bytearray(path.read_bytes())
    for where, value in changes:
        data[int(where * min(len(data), 4096))] = value
    path.write_bytes(data[: int(cut * len(data))])
    try:
        intake = take(path, folder / "into", exercises, replace(Limits(), file=2000, seconds=4))
    except Refused:
        assert not (folder / "into").exists()
    else:
        assert all(found.path.stat().st_size <= 2000 for found in intake.files)
        assert all(note.isprintable() for note in intake.notes)
