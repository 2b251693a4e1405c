"""Views of a report: pure functions from the one model to text."""
