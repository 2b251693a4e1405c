"""Loads a submission, isolates it, judges it and reports.

Tests import what they need from `grader.testing`; everything else serves the
command line (`python -m grader`) and the pytest plugin (`grader.plugin`).
"""
