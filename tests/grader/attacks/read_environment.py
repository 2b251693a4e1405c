"""Look into its environment, its limits and its user for the grader's secrets.

Score: 0
"""

import getpass
import os
import sys

SECRETS = ("TOKEN", "SECRET", "PASSWORD", "GITHUB", "SSH", "KEY", "KATAS", "PYTEST")


def spy():
    for name, value in os.environ.items():
        if any(word in name.upper() for word in SECRETS):
            print("HARM: saw", name, value)
    for text in (*sys.argv, *sys.path, os.getcwd(), str(sys.flags)):
        if "@REPOSITORY@" in text:
            print("HARM: saw", text)
    try:
        getpass.getuser()
        os.getlogin()
    except (OSError, KeyError):
        pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
