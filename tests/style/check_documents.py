# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every C++ block in a document stands, line for line, in a file that is compiled by the tests."""
import glob
import re
import sys

import sources

BLOCK = re.compile(r"```(?:cpp|c\+\+)\n(.*?)```", re.S)


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def contains(haystack, needle):
    return any(haystack[i:i + len(needle)] == needle for i in range(len(haystack) - len(needle) + 1))


def problems(path, text, compiled):
    for block in BLOCK.findall(text):
        lines = squeezed(block)
        if not any(contains(known, lines) for known in compiled):
            yield f"{path}: no compiled file has this block:\n    " + "\n    ".join(lines[:3]) + "\n    …"


def main():
    compiled = [squeezed(sources.read(p)) for p in sources.files(".cpp", ".hpp")]
    documents = sorted(glob.glob("*.md") + glob.glob("docs/**/*.md", recursive=True))
    found = [p for path in documents for p in problems(path, sources.read(path), compiled)]
    print("\n".join(found) or "every block is compiled")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
