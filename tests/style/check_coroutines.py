# SPDX-License-Identifier: MIT OR Apache-2.0
"""One co_await a statement, made of names and calls.

g++ 12 destroys some temporaries twice when they share a statement with co_await: braced aggregates, lambdas that own their
captures, and ?: on class types (docs/coroutines.md). The rule here is stricter than the compiler needs; the cure is always
to name the value first.
"""
import re
import sys

import sources

LAMBDA = re.compile(r"\[(?P<captures>[^\[\]]*)\]\s*(?:<[^<>]*>\s*)?(?:\((?:[^()]|\([^()]*\))*\))?\s*"
                    r"(?:mutable\s*|noexcept\s*)*(?:->\s*[\w:<>,*&\s]+?)?\s*\{")
DECLARES_TYPE = re.compile(r"\b(?:struct|class|namespace|enum|union)\b[^;{}()=]*$")
BLOCK_HEAD = re.compile(r"(?:\)|\belse|\bdo|\btry|\bconst|\bnoexcept|\boverride|\bfinal|"
                        r"\bcase\b[^;{}]*:|\bdefault\s*:|^)\s*$")
FUNCTION_TAIL = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|->\s*[\w:<>,*&\s]+|requires[^{]*)*\s*$")


def matching(text, start):
    """Index of the bracket that closes the one at `start`."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    opening, closing = text[start], pairs[text[start]]
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == opening) - (text[i] == closing)
        if depth == 0:
            return i
    return len(text) - 1


def statements(text, line=1):
    """Yields (line, statement). The body of a lambda is cut out and yielded by itself; braces of blocks split."""
    statement, begins, i = "", line, 0
    depth = 0
    while i < len(text):
        char = text[i]
        found = LAMBDA.match(text, i) if char == "[" else None
        if found and not re.search(r"[\w\])]\s*$", statement):
            end = matching(text, found.end() - 1)
            head = text[i:found.end()]
            yield from statements(text[found.end():end], line + head.count("\n"))
            statement += " " + head + "}"
            line += text[i:end + 1].count("\n")
            i = end + 1
            continue
        if char == "\n":
            line += 1
        depth += (char in "([") - (char in ")]")
        block = char == "{" and depth <= 0 and (
            FUNCTION_TAIL.search(statement) or BLOCK_HEAD.search(statement) or DECLARES_TYPE.search(statement))
        ends = depth <= 0 and (char == ";" or block or (char == "}" and statement.count("{") <= statement.count("}")))
        if ends:
            yield begins, statement
            statement, depth = "", 0
        else:
            if not statement.strip():
                statement, begins = "", line
            statement += char
        i += 1
    yield begins, statement


def owns(capture):
    """Whether a capture copies or moves something into the lambda; a reference, `this` and a number do not."""
    capture = capture.strip()
    return bool(capture) and capture != "this" and not capture.startswith("&") and not re.fullmatch(r"\w+\s*=\s*\d+", capture)


def verdict(statement):
    """Why the statement is refused, or None."""
    awaits = len(re.findall(r"\bco_await\b", statement))
    if awaits == 0:
        return None
    if awaits > 1 and not re.match(r"\s*(?:for|#)", statement):
        return "more than one co_await"
    if any(owns(capture) for found in LAMBDA.finditer(statement) for capture in found.group("captures").split(",")):
        return "lambda that owns captures"
    bare = LAMBDA.sub("[]()", statement).replace("[]()}", "[]()")
    if re.search(r"\{\s*[^\s}]", bare) or re.search(r"[\w>]\s*\{\s*\}", bare):
        return "braces"
    if "?" in bare:
        return "?:"
    return None


def problems(path, text):
    for line, statement in statements(sources.without_comments(text)):
        why = verdict(statement)
        if why:
            yield f"{path}:{line}: {why} in a statement with co_await: {' '.join(statement.split())[:90]}"


def main():
    found = [p for path in sources.files(".hpp", ".cpp") for p in problems(path, sources.read(path))]
    print("\n".join(found) or "every co_await stands among names and calls")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
