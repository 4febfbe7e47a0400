# SPDX-License-Identifier: MIT OR Apache-2.0
"""Words that have no place in the tree: paths of somebody's machine, work left undone, tasks without an owner."""
import re
import subprocess
import sys

RULES = [
    (r"(?<![\w.$}])/(?:home|root|mnt|work)/\w", "a path of one machine", r".*"),
    (r"\b(?:TODO|FIXME|XXX|HACK)\b", "work left undone", r".*\.(?:cpp|hpp|py|md|cmake|txt|sh|proto)$"),
    (r"asio::detached\b", "a task without an owner", r".*\.(?:cpp|hpp)$"),
    (r"\bsleep_for\b|\busleep\b", "waiting on the wall clock", r"tests/unit/.*"),
]
EXEMPT = {"tests/style/check_prose.py", "LICENSE-APACHE"}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def problems(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what, where in RULES:
            if re.match(where, path) and re.search(pattern, line):
                yield f"{path}:{number}: {what}: {line.strip()[:100]}"


def main():
    found = []
    for path in tracked():
        if path in EXEMPT or "/corpus/" in path or path.endswith(("go.sum", ".lock", "package-lock.json")):
            continue
        try:
            with open(path, encoding="utf-8") as source:
                found += problems(path, source.read())
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    print("\n".join(found) or "no word out of place")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
