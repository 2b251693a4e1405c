"""Raise exceptions whose text, class and name raise exceptions.

Score: 6
"""


class Meta(type):
    @property
    def __name__(cls):
        raise SystemExit(0)


class Nested(Exception, metaclass=Meta):
    def __str__(self):
        raise Nested

    __repr__ = __str__

    @property
    def args(self):
        raise KeyboardInterrupt

    @property
    def __traceback__(self):
        raise Nested


def double(x):
    raise Nested


def halve(x):
    return x / 2
