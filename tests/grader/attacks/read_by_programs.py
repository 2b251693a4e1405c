"""Start programs that are allowed more than Python is.

Score: 0
"""

import ctypes
import os
import subprocess
import sys

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
SECRET = "@REPOSITORY@/../secret"
PYTHON = f"print(open({SECRET!r}).read())"
COMMANDS = (
    ["/bin/cat", SECRET],
    ["/bin/sh", "-c", f"cat {SECRET}"],
    ["sudo", "-n", "cat", SECRET],
    ["/bin/su", "-c", f"cat {SECRET}"],
    ["/usr/bin/git", "-C", "@REPOSITORY@", "log"],
    [sys.executable, "-I", "-S", "-c", PYTHON],
    ["/lib64/ld-linux-x86-64.so.2", "/bin/cat", SECRET],
)


def spy():
    if not CONFINED:
        return
    for command in COMMANDS:
        try:
            done = subprocess.run(command, capture_output=True, timeout=1, stdin=subprocess.DEVNULL)
            if done.returncode == 0:
                print("HARM:", command[0], done.stdout[:200])
        except (OSError, subprocess.SubprocessError):
            pass


def double(x):
    spy()
    return x


def halve(x):
    return os.environ.get("halve")
