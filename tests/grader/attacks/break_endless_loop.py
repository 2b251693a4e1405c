"""Loop without end, deaf to every signal that can be ignored.

Score: 6
"""

import signal


def double(x):
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


def halve(x):
    return x / 2
