"""Connect to loopback and to the outside over TCP, UDP and raw sockets, and ask for a name.

Score: 6
"""

import ctypes
import socket

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
HOSTS = ("127.0.0.1", "192.0.2.1")


def double(x):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        for host in HOSTS if CONFINED else ():
            try:
                with socket.socket(socket.AF_INET, kind) as client:
                    client.settimeout(0.2)
                    client.connect((host, 53))
                    client.send(b"katas")
                    print("HARM: sent to", host)
            except OSError:
                pass
    return x


def halve(x):
    return x / 2
