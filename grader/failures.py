"""How an isolated test can end other than by what its submission returned."""

from __future__ import annotations

from dataclasses import dataclass


class IsolationFailure(BaseException):
    """The grader's own machinery failed: no verdict on the submission."""


class Crashed(BaseException):
    """The worker ended, or sent what is no answer. Not an `Exception`, so that no test eats it."""


class SubmissionError(Exception):
    """The submission raised what has no counterpart on the trusted side."""


@dataclass(frozen=True)
class Origin:
    """Where a rebuilt exception came from: its type's own name, and `file:line`."""

    type_name: str
    where: str

    def mark(self, problem: BaseException) -> None:
        """Make this the origin of `problem`."""
        vars(problem)["kata_origin"] = self

    @staticmethod
    def of(problem: BaseException | None) -> Origin | None:
        """The origin of an exception that was rebuilt; None for any other."""
        return getattr(problem, "kata_origin", None)
