# SPDX-License-Identifier: MIT OR Apache-2.0
"""Documents against the tree: C++ and CMake blocks stand, line for line, in files that the tests compile and run; commands,
presets, files and links are there; docs/limits.md has every limit with its default."""
import fnmatch
import glob
import json
import os
import re
import sys

import sources

FENCE = re.compile(r"^[ \t]*```+[ \t]*(\S*)[^\n]*\n(.*?)^[ \t]*```+[ \t]*$", re.S | re.M)
LANGUAGES = ("cpp", "cmake", "sh", "")  # a block without a language is output
NOT_RUN = ("tests/bench/", "tests/interop/")
FILE = re.compile(r"`<?([\w./*-]+\.(?:cpp|hpp|py|sh|md|json|txt|proto|cmake|pc))>?`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1000, "ms": 1}
GENERATED = {"libp2p.pc"}


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def contains(haystack, needle):
    return any(haystack[i:i + len(needle)] == needle for i in range(len(haystack) - len(needle) + 1))


def without_target(line):
    """The name of the program is the reader's own."""
    return re.sub(r"(?<=^target_link_libraries\()\w+", "", line)


def without_comment(line):
    return re.sub(r"\s#.*", "", line).strip()


class Tree:
    """What the documents are held against."""

    def __init__(self):
        run = [p for p in sources.files(".cpp", ".hpp", folders=("examples", "tests")) if not p.startswith(NOT_RUN)]
        self.compiled = [squeezed(sources.read(p)) for p in run]
        self.cmake = {without_target(line) for p in glob.glob("tests/consumer/*/CMakeLists.txt")
                      for line in squeezed(sources.read(p))}
        presets = json.loads(sources.read("CMakePresets.json"))["configurePresets"]
        self.presets = {preset["name"] for preset in presets if not preset.get("hidden")}
        tools = sources.files(".cpp", folders=("tools",))
        self.commands = {os.path.basename(p)[:-4].replace("_", "-") for p in tools if p.startswith("tools/commands/")}
        self.options = {word for p in tools for word in re.findall(r"--[a-z][a-z-]*", sources.read(p))}
        self.names = set(GENERATED)
        for _, below, names in os.walk("."):
            below[:] = [folder for folder in below if folder not in sources.SKIPPED | {".git"}]
            self.names.update(names)


def command_problems(line, tree):
    """What is wrong with one line of a shell block."""
    for part in without_comment(line).split("&&"):
        words = part.split()
        preset = words[words.index("--preset") + 1] if "--preset" in words[:-1] else None
        if preset and preset not in tree.presets:
            yield f"no preset {preset}"
        if words and words[0].startswith("scripts/") and not os.access(words[0], os.X_OK):
            yield f"no program {words[0]}"
        if words and words[0] == "p2p":
            if words[1] not in tree.commands:
                yield f"p2p has no command {words[1]}"
            yield from (f"p2p has no option {word}" for word in words if word.startswith("--") and word not in tree.options)


def block_problems(language, block, tree):
    lines = squeezed(block)
    if language == "cpp" and not any(contains(known, lines) for known in tree.compiled):
        yield "no file that the tests run has this block:\n    " + "\n    ".join(lines[:3]) + "\n    …"
    elif language == "cmake":
        yield from (f"no project in tests/consumer has: {line}" for line in lines if without_target(line) not in tree.cmake)
    elif language == "sh":
        yield from (problem for line in lines for problem in command_problems(line, tree))
    elif language not in LANGUAGES:
        yield f"a block in {language}, of which nothing is checked; there are: {', '.join(LANGUAGES[:-1])}"


def is_there(name, tree):
    if "/" not in name:
        return bool(fnmatch.filter(tree.names, name))
    return bool(glob.glob(name))


def problems(path, text, tree):
    for language, block in FENCE.findall(text):
        yield from (f"{path}: {problem}" for problem in block_problems(language, block, tree))
    prose = FENCE.sub("", text)
    if "```" in prose:
        yield f"{path}: a block that does not end"
    yield from (f"{path}: there is no {name}" for name in FILE.findall(prose) if not is_there(name, tree))
    folder = os.path.dirname(path)
    yield from (f"{path}: a link to {target}, which is not there" for target in LINK.findall(prose)
                if not os.path.exists(os.path.join(folder, target)))


def number(text):
    """The value of "1 024", "16 MiB" or "15 s"; "–" stands for none at all."""
    digits, unit = re.fullmatch(r"([\d ]*\d) ?(\w*)", text).groups() if text != "–" else ("0", "")
    return int(digits.replace(" ", "")) * UNITS[unit]


def numbers(text):
    return [number(part.strip()) for part in text.split("/")] if text != "–" else [0, 0, 0]


def constant(text):
    """The value of "16 * kMiB" or "32'768"."""
    product = 1
    for factor in text.replace("'", "").split("*"):
        name = factor.strip()
        product *= UNITS[name[1:]] if name.startswith("k") else int(name)
    return product


def limit_problems(header, text):
    """What the tables of docs/limits.md do not tell, or tell otherwise than the header."""
    rows = {cells[0].strip("`"): cells[1:] for cells in
            ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|"))}
    wanted = {name: constant(value) for name, value in re.findall(r"^ +std::\w+ (\w+) = ([^;]+);", header, re.M)}
    wanted |= {f"timeouts.{name}": constant(value) for name, value in re.findall(r"milliseconds (\w+)\{([\d']+)\}", header)}
    for name, value in wanted.items():
        if name not in rows:
            yield f"docs/limits.md: lacks {name}"
        elif number(rows[name][0]) != value:
            yield f"docs/limits.md: {name} is {rows[name][0]}; the default is {value}"
    yield from (f"docs/limits.md: there is no {name}" for name in rows if name.startswith("timeouts.") and name not in wanted)
    scopes = re.findall(r"^ +ScopeLimits (\w+)\{([^}]+)\}", header, re.M)
    for name, values in scopes:
        *both_ways, descriptors, memory = rows.get(name, ["–"] * 4)[:4]
        told = [value for cell in both_ways for value in numbers(cell)] + [number(descriptors), number(memory)]
        if told != [constant(value) for value in values.split(",")]:
            yield f"docs/limits.md: scope {name} is {told}; the default is {values}"
    if len(wanted) < 10 or len(scopes) < 3:
        yield f"libp2p/limits.hpp: only {len(wanted)} limits and {len(scopes)} scopes were found in it"


def example_problems():
    scripts = "".join(sources.read(p) for p in glob.glob("examples/tests/*.sh"))
    for path in glob.glob("examples/*.cpp"):
        name = os.path.basename(path)[:-4]
        if re.search(r"^int main\(", sources.read(path), re.M) and f"/{name}" not in scripts:
            yield f"{path}: no script in examples/tests runs it"


def documents():
    return sorted(p for folder in (".", "docs", *sources.FOLDERS) for p in
                  glob.glob("*.md" if folder == "." else f"{folder}/**/*.md", recursive=True) if "/node_modules/" not in p)


def main():
    tree = Tree()
    found = [p for path in documents() for p in problems(path, sources.read(path), tree)]
    found += limit_problems(sources.read("libp2p/limits.hpp"), sources.read("docs/limits.md"))
    found += example_problems()
    print("\n".join(found) or "the documents say what is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
