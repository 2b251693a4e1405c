"""A submission loads as far as it can, and says what did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.loader import LoadFailure, Subject, load


@pytest.fixture
def subject(tmp_path: Path):
    """Load sources, one file each, as one subject."""

    def build(*sources: str) -> Subject:
        paths = []
        for i, source in enumerate(sources):
            paths.append(tmp_path / f"part{i}.py")
            paths[-1].write_text(source, encoding="utf-8")
        return load(paths, "loaded_for_test")

    return build


def test_overlays_replace_names_everywhere(subject) -> None:
    """A function of an overlay is also what the reference's own functions call."""
    names = subject(
        "def f():\n    return g()\n\ndef g():\n    return 1\n", "def g():\n    return 2\n"
    )
    assert names.f() == 2


def test_every_load_is_fresh(subject) -> None:
    """Module state does not survive from one load to the next."""
    source = "seen = []\n\ndef f():\n    seen.append(1)\n    return len(seen)\n"
    assert [subject(source).f(), subject(source).f()] == [1, 1]


def test_a_changed_file_is_read_anew(subject) -> None:
    """What is judged is what is on disk now."""
    assert subject("x = 1\n").x == 1
    assert subject("x = 22\n").x == 22


@pytest.mark.parametrize(
    "broken",
    [
        "def bad(x):\n    return (x\n",
        "def bad(x)\n    return x\n",
        "def bad(x):\nreturn x\n",
        "def bad(x):\n    if x:\n  return x\n",
        "@decorated(\ndef bad(x):\n    return x\n",
        "def bad(x):\n    text = '''open\n    return x\n",
        "class bad:\n    def f(self:\n        pass\n",
        "bad = 3 +\n",
        "def bad(x):\n    nonlocal x\n",
        "bad = 1 / 0\n",
        "import nowhere as bad\n",
        "def bad(x):\n\treturn x\n        return x\n",
        "def bad(x):\n    return x\n    }\n",
    ],
)
def test_a_broken_block_costs_its_own_name_only(subject, broken: str) -> None:
    """Whatever is wrong with one block, those before it load, and the message has file and line."""
    names = subject(f"def before():\n    return 1\n\n\n{broken}\n\n")
    assert names.before() == 1
    with pytest.raises(LoadFailure, match=r"part0\.py:\d+: \w+Error"):
        _ = names.bad


def test_blocks_after_a_broken_one_load(subject) -> None:
    """Two broken blocks leave the blocks between and after them usable."""
    names = subject(
        "def a(:\n    pass\n\ndef b():\n    return 2\n\ndef c(\n\ndef d():\n    return 4\n"
    )
    assert (names.b(), names.d()) == (2, 4)


def test_line_numbers_survive_a_blanked_block(subject) -> None:
    """A traceback after a syntax error above still names the right line."""
    names = subject("def a(:\n    pass\n\ndef b():\n    return 2\n")
    assert names.b.__code__.co_firstlineno == 4


def test_future_imports_hold(subject) -> None:
    """`from __future__ import annotations` reaches every function of the file."""
    names = subject(
        "from __future__ import annotations\n\ndef f(x: nowhere) -> nowhere:\n    return x\n"
    )
    assert names.f(3) == 3


def test_an_exit_at_import_is_contained(subject) -> None:
    """`sys.exit()` at the top level ends neither the run nor the rest of the file."""
    names = subject("import sys\n\nx = sys.exit(0)\n\ndef f():\n    return 1\n")
    assert names.f() == 1
    with pytest.raises(LoadFailure, match="SystemExit"):
        _ = names.x


def test_a_redefinition_heals(subject) -> None:
    """A name that a later block defines properly is usable."""
    assert subject("def f(:\n    pass\n\ndef f():\n    return 1\n").f() == 1


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"x = 1\x00"])
def test_a_file_that_is_no_text_is_explained(tmp_path: Path, data: bytes) -> None:
    """Bytes that are not Python source give a message, not a traceback."""
    path = tmp_path / "odd.py"
    path.write_bytes(data)
    with pytest.raises(LoadFailure, match=r"odd\.py"):
        _ = load([path], "odd").x
