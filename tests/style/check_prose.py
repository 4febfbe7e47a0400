# SPDX-License-Identifier: MIT OR Apache-2.0
"""Words that have no place in the tree: paths of somebody's machine, work left undone, tasks without an owner."""
import os
import re
import subprocess
import sys

import sources

RULES = [  # what is searched for, what it is, in which files
    (r"(?<![\w.$}])/(?:home|root|mnt|work)/\w", "a path of one machine", r".*"),
    (r"\b(?:TODO|FIXME|XXX|HACK)\b", "work left undone", r".*\.(?:cpp|hpp|py|md|cmake|txt|sh|proto|rs|go|js)$"),
    (r"asio::detached\b", "a task without an owner", r"(?!tests/).*\.(?:cpp|hpp)$"),
    (r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|\bsleep\(", "waiting on the wall clock", r"tests/unit/.*"),
]
HEAD = "SPDX-License-Identifier: MIT OR Apache-2.0"
HAS_HEAD = r".*(?:\.(?:cpp|hpp|py|cmake|proto|sh)|CMakeLists\.txt)$"
EXEMPT = {"tests/style/check_prose.py", "tests/style/test_check_prose.py", "LICENSE-APACHE"}
GENERATED = re.compile(r"(^|/)(corpus|node_modules|target|build)/|(^|/)(go\.sum|package-lock\.json)$|\.lock$")


def tracked():
    """What git knows or would add; without git, whatever lies here."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        return listed.stdout.splitlines()
    found = []
    for where, below, names in os.walk("."):
        below[:] = sorted(d for d in below if d not in sources.SKIPPED and d != ".git")
        found += [os.path.relpath(os.path.join(where, n), ".") for n in sorted(names)]
    return found


def problems(path, text):
    if re.match(HAS_HEAD, path) and HEAD not in "\n".join(text.splitlines()[:2]):
        yield f"{path}:1: does not begin with its licence ({HEAD})"
    rules = [(pattern, what) for pattern, what, where in RULES if re.match(where, path)]
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in rules:
            if re.search(pattern, line):
                yield f"{path}:{number}: {what}: {line.strip()[:100]}"


def main():
    found = []
    for path in tracked():
        if path in EXEMPT or GENERATED.search(path):
            continue
        try:
            found += problems(path, sources.read(path))
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    print("\n".join(found) or "no word out of place")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
