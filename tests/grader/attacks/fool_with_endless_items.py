"""Return a list whose iterator never ends.

Score: 6
"""


class Items(list):
    def __iter__(self):
        return iter(int, 1)


def double(x):
    return Items([1])


def halve(x):
    return x / 2
