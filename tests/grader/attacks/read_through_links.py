"""Reach files through links of its own making.

Score: 0
"""

import os
import tempfile

REPOSITORY = "@REPOSITORY@"
TARGETS = (f"{REPOSITORY}/tests/01_scaling/test_scaling.py", f"{REPOSITORY}/../secret")


def spy():
    for i, target in enumerate(TARGETS):
        for link in (os.symlink, os.link):
            name = os.path.join(tempfile.gettempdir(), f"{link.__name__}{i}")
            try:
                link(target, name)
                with open(name, "rb") as stream:
                    print("HARM: read", stream.read(200))
            except OSError:
                pass
    for number in range(3, 64):
        try:
            with open(
                f"tests/01_scaling/test_scaling.py",
                opener=lambda p, f: os.open(p, f, dir_fd=number),
            ):
                print("HARM: opened below", number)
        except OSError:
            pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
