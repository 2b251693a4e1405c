"""Look for the work of others: in the folder of submissions and where the grader unpacks.

Score: 0
"""

import ctypes
import glob
import os

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
REPOSITORY = "@REPOSITORY@"


def steal():
    if not CONFINED:
        return
    patterns = [f"{REPOSITORY}/../all/*/*", f"{REPOSITORY}/../all/*", "/tmp/submission-*/*/*"]
    patterns += ["/tmp/katas-*/*", "/var/tmp/*", "/home/*/*", "/root/*"]
    for pattern in patterns:
        for path in glob.glob(pattern):
            print("HARM: found", path)
            if os.path.isfile(path):
                with open(path, errors="replace") as stream:
                    exec(stream.read(), globals())


def double(x):
    steal()
    return x


def halve(x):
    steal()
    return x
