#!/usr/bin/env bash
# Run once by Gradescope, as root, when it builds the image of this autograder.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}

if command -v apt-get >/dev/null && ! command -v bwrap >/dev/null; then
  apt-get update
  apt-get install -y --no-install-recommends bubblewrap
fi
command -v uv >/dev/null || python3 -m pip install --quiet uv

cd "$root/source/katas"
uv venv --quiet --python ">=3.11" "$root/environment"
links=$(echo "${PIP_FIND_LINKS:-}" | tr ' ' ',')
# Graders have no GPU: the CPU build, unless wheels are given.
backend=(--torch-backend "${KATAS_TORCH:-cpu}")
if [ -n "$links" ]; then
  export UV_FIND_LINKS=${UV_FIND_LINKS:-$links}
  backend=()
fi
uv pip install --quiet --python "$root/environment/bin/python" \
  --requirement pyproject.toml --group grade --constraint constraints.txt "${backend[@]}"
"$root/environment/bin/python" -m grader.libraries
