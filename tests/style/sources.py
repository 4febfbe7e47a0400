# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the checkers share: which files are ours, and text without comments. Paths are relative to the project."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("proto", "libp2p", "security", "muxing", "transports", "tools", "examples", "tests")
SKIPPED = {"build", "node_modules", "target", "corpus", "__pycache__", "peers"}

os.chdir(ROOT)


def files(*endings, folders=FOLDERS):
    """Our files with one of the endings."""
    found = []
    for folder in folders:
        for where, below, names in os.walk(folder):
            below[:] = sorted(d for d in below if d not in SKIPPED)
            found += [os.path.join(where, n) for n in sorted(names) if n.endswith(endings)]
    return found


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


LITERALS = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
                      re.S)


def without_comments(text):
    """Blanks comments and the insides of literals; line numbers stay."""
    def blank(match):
        kept = match.group(0)
        lines = "\n" * kept.count("\n")
        return lines if kept.startswith("/") else kept[-1] * 2 + lines

    return LITERALS.sub(blank, text)
