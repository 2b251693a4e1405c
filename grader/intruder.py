"""A submission that tries to do harm: it must fail at every attempt in a sandbox that holds.

Standard library only. Its text is sent into the sandbox as any submission's is; what
came of each attempt is observed from outside (`grader.canaries`).
"""

import os
import signal
import socket
import time
from pathlib import Path


def read_file(path):
    """Return the text of a file."""
    return Path(path).read_text()


def write_file(path):
    """Leave a file behind."""
    Path(path).write_text("harm")


def read_process(number):
    """Return the environment of another process, or fail to open its memory."""
    with Path(f"/proc/{number}/mem").open("rb"):
        return Path(f"/proc/{number}/environ").read_text()


def end_process(number):
    """End another process."""
    os.kill(number, signal.SIGTERM)


def connect(port):
    """Open a connection to a server on this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def connect_by_path(path):
    """Open a connection to a server that listens on a path."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def send(port):
    """Send a datagram to a server on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"harm", ("127.0.0.1", port))


def fork(count):
    """Start up to `count` processes and return how many there were at once."""
    for started in range(count):
        try:
            child = os.fork()
        except OSError:
            return started
        if child == 0:
            time.sleep(60)
            os._exit(0)
    return count


def allocate(count):
    """Take `count` bytes of memory."""
    return len(bytearray(count))
