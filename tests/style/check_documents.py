# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every C++ block in a document stands, line for line, in a file that is compiled and run by the tests."""
import glob
import re
import sys

import sources

BLOCK = re.compile(r"```cpp\n(.*?)```", re.S)


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def contains(haystack, needle):
    return any(haystack[i:i + len(needle)] == needle for i in range(len(haystack) - len(needle) + 1))


def main():
    compiled = [squeezed(sources.read(p)) for p in sources.files(".cpp", ".hpp", folders=("examples", "tests", "libp2p"))]
    found = []
    for path in sorted(["README.md", "CONTRIBUTING.md"] + glob.glob("docs/*.md")):
        for block in BLOCK.findall(sources.read(path)):
            lines = squeezed(block)
            if not any(contains(text, lines) for text in compiled):
                found.append(f"{path}: no compiled file has this block:\n    " + "\n    ".join(lines[:3]) + "\n    …")
    print("\n".join(found) or "every block is compiled")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
