"""Answer with headers that claim billions of items, dimensions and bytes.

Score: 6
"""

import os
import struct

VALUE = b"u\x02\x00\x00\x00s\x05\x00\x00\x00value"
CLAIMS = (
    b"l\xff\xff\xff\xff",
    b"l\x01\x00\x00\x00" * 100_000,
    b"s\xff\xff\xff\xff",
    b"t\x07\x00\x00\x00float32\x03\x00\x00\x00cpu\x10" + b"\xff" * 128,
    b"t\x07\x00\x00\x00float32\x04\x00\x00\x00meta\x01" + bytes(16),
    b"a\x03\x00\x00\x00|O8\x01" + bytes(16),
    b"i\xff\xff\xff\x7f",
)


def double(x):
    claim = VALUE + CLAIMS[os.getpid() % len(CLAIMS) if os.getpid() > 1 else len(str(x)) % 7]
    os.write(3, struct.pack("<Q", len(claim)) + claim)
    os._exit(0)


def halve(x):
    return x / 2
