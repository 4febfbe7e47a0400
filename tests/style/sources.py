# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the checkers share: which files are ours, and text without comments."""
import os
import re

FOLDERS = ("proto", "libp2p", "security", "muxing", "transports", "tools", "examples", "tests")
SKIPPED = {"build", "node_modules", "target", "corpus", "__pycache__", "peers"}


def files(*endings, folders=FOLDERS):
    """Paths, relative to the project, of our files with one of the endings."""
    found = []
    for folder in folders:
        for where, below, names in os.walk(folder):
            below[:] = sorted(d for d in below if d not in SKIPPED)
            found += [os.path.join(where, n) for n in sorted(names) if n.endswith(endings)]
    return found


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def without_comments(text):
    """Blanks comments and the insides of literals; line numbers stay."""
    def blank(match):
        kept = match.group(0)
        if kept.startswith("/"):
            return "\n" * kept.count("\n")
        return kept[0] * 2 + "\n" * kept.count("\n")

    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, text, flags=re.S)
