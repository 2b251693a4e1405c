"""Speak to the platform that runs the grader: commands of workflows, in print and in errors.

Score: 0
"""

TEXT = """x
::error file=app.py,line=1::forged
::set-output name=score::10
::add-mask::0
::stop-commands::pause
::group::hidden
##vso[task.complete result=Succeeded;]DONE
##teamcity[testFinished name='all']
<script>alert(1)</script>|`$(id)`]]>\x00\x1b[31m\u202e
"""


def double(x):
    print(TEXT)
    raise ValueError(TEXT)


def halve(x):
    print(TEXT)
    raise type("Forged\n::error::", (RuntimeError,), {})(TEXT)
