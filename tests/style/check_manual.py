# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_manual.py P2P: the man page and the completions have every command and option of the program, and no others."""
import re
import subprocess
import sys

import sources

SHELLS = ("tools/completions/p2p.bash", "tools/completions/_p2p", "tools/completions/p2p.fish")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FISH_OPTION = re.compile(r"(?<=\s-l )([a-z][a-z-]*)")  # fish writes -l json for --json
COMMANDS = re.compile(r"^(?:Sub)?[Cc]ommands:\n((?:[ ]+\S.*\n?)+)", re.M)


def helps(program, words=()):
    """The help of the program and of every command below it."""
    text = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout
    yield words, text
    if len(words) == 2:  # no command lies deeper
        return
    for block in COMMANDS.findall(text):
        for name in re.findall(r"^  ([a-z][\w-]*)", block, re.M):
            yield from helps(program, (*words, name))


def missing(known, text):
    return sorted(word for word in known if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))


def main():
    options, commands = set(), set()
    for words, text in helps(sys.argv[1]):
        commands.update(words)
        options.update(OPTION.findall(re.sub(r"^.*`.*$", "", text, flags=re.M)))
    manual = sources.read("tools/p2p.1").replace("\\-", "-")
    manual = re.sub(r"\\f\w", "", manual)
    found = [f"tools/p2p.1: lacks {word}" for word in missing(options | commands, manual)]
    found += [f"tools/p2p.1: the program has no {word}" for word in sorted(set(OPTION.findall(manual)) - options)]
    for path in SHELLS:
        text = sources.read(path)
        if path.endswith(".fish"):
            lines = [line for line in text.splitlines() if line.startswith("complete ")]
            text = FISH_OPTION.sub(r"--\1", "\n".join(lines))
        found += [f"{path}: lacks {word}" for word in missing(options | commands, text)]
        found += [f"{path}: the program has no {word}" for word in sorted(set(OPTION.findall(text)) - options)]
    if len(commands) < 5:
        found.append(f"{sys.argv[1]}: its help names these commands only: {sorted(commands)}")
    print("\n".join(found) or f"{len(commands)} commands and {len(options)} options, all documented")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
