"""Break its own syntax in one function, to have the others fall as errors of the grader.

Score: 6
"""

SOURCE = "def double(x:\n    return '''\n"
exec(SOURCE) if False else None


def double(x, *, needed):
    return eval(SOURCE)


def halve(x):
    return x / 2
