"""Look for descriptors that were left open, and read or take whatever comes from them.

Score: 0
"""

import os
import socket


def spy():
    for number in [*range(4, 2048), 4096, 8192, 65535]:
        try:
            kind = os.fstat(number)
        except OSError:
            continue
        print("HARM: found descriptor", number, oct(kind.st_mode))
        try:
            os.set_blocking(number, False)
            print(os.pread(number, 100, 0))
        except OSError:
            pass
    channel = socket.socket(fileno=os.dup(3))
    try:
        print(channel.recvmsg(2**16, 2**12, socket.MSG_DONTWAIT | socket.MSG_PEEK))
        print("credentials", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        print("peer", channel.getpeername())
    except OSError:
        pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
