"""Return text, lists and dicts that lie about their length, items and keys.

Score: 0
"""


class Text(str):
    def __eq__(self, other):
        return True

    def __len__(self):
        return 0

    def encode(self, *args):
        return b"\xff\xfe" * 1000

    __hash__ = str.__hash__


class Items(list):
    def __iter__(self):
        while True:
            yield Text("3.0")

    def __len__(self):
        return 2


class Table(dict):
    def items(self):
        raise SystemExit(0)


def double(x):
    if isinstance(x, str):
        raise ValueError(Text("x"))
    return Table(a=Items())


def halve(x):
    return Text("1.5")
