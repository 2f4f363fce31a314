#!/bin/sh
# In: records of nk that were captured from a real kernel, and the truth about their traffic. Holds: the judge of
# tests/vm finds nothing wrong with them, and notices each change to any of their fields.
set -u
command -v python3 >/dev/null || { echo 'python3 is needed'; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec python3 "${srcdir:-.}/tests/vm/check.py" --self-test
