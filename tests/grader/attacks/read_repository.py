"""Open tests, solutions, git's objects and a secret by their very paths.

Score: 0
"""

import ctypes
import glob
import os

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
REPOSITORY = "@REPOSITORY@"
NAMES = ("tests/01_scaling/test_scaling.py", "solutions/01_scaling/scaling.py")
NAMES += ("../secret", "../all/secret", ".git/HEAD", "grader/compare.py", "pyproject.toml")


def spy():
    if not CONFINED:
        return
    paths = [os.path.join(REPOSITORY, name) for name in NAMES]
    paths += glob.glob(f"{REPOSITORY}/**", recursive=True) + glob.glob(
        "/tmp/pytest*/**", recursive=True
    )
    for path in paths:
        for trick in (path, f"/proc/self/root{path}", f"/proc/1/root{path}", f"//.{path}"):
            try:
                with open(trick, "rb") as stream:
                    print("HARM: read", trick, stream.read(200))
            except OSError:
                pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
