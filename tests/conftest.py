"""Every test below gets the grader's options, fixtures and verdicts."""

pytest_plugins = ["grader.plugin"]
