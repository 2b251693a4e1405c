"""Raise text that reports choke on: megabytes, half characters, controls, right to left.

Score: 6
"""

TEXT = "\x00\x1b[2J\ud800\U0010ffff\u202e\u2028\r\x85]]>&<\ufeff" * 300_000


def double(x):
    print(TEXT[:5_000].encode("utf-8", "surrogatepass"))
    if isinstance(x, str):
        raise NotImplementedError(TEXT)
    raise RuntimeError(TEXT)


def halve(x):
    return x / 2
