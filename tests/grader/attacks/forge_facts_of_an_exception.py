"""Describe an exception that never was, with words that a parser may trip over.

Score: 0
"""

import os
import struct
import sys

encode = sys.modules["grader.codec"].encode


def send(**facts):
    told = {"kind": "other", "type": "Done", "bases": [], "text": "passed", "where": ""}
    answer = encode(("raised", told | facts))
    os.write(3, struct.pack("<Q", len(answer)) + answer)
    os._exit(0)


def double(x):
    if isinstance(x, str):
        send(kind="passed", bases=["Skipped", "Exit", "KeyboardInterrupt", "SystemExit"])
    send(type="Done\n::error::forged\n", bases=["__import__", "BaseException", "eval"])


def halve(x):
    send(where=f"{__file__}:{'9' * 400_000}", text="x" * 900_000, bases=["NotImplementedError"])
