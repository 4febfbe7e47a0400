# SPDX-License-Identifier: MIT OR Apache-2.0
"""Includes point one way: proto <- libp2p <- {security, muxing} <- transports <- {tools, examples, tests}."""
import os
import re
import sys

import sources

MAY_INCLUDE = {
    "proto": {"proto"},
    "libp2p": {"libp2p", "proto"},
    "security": {"security", "libp2p", "proto"},
    "muxing": {"muxing", "libp2p", "proto"},
    "transports": {"transports", "libp2p", "proto"},
    "tools": {"tools", "libp2p", "proto"},
    "examples": {"libp2p"},
    "tests": {"tests", "tools", "transports", "security", "muxing", "libp2p", "proto"},
}
PRIVATE = ("libp2p/swarm/", "libp2p/dns/", "libp2p/crypto/", "libp2p/protocols/internal/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def is_public(path):
    inside = os.path.dirname(path)
    return path.endswith(".hpp") and inside in ("libp2p", "libp2p/protocols")


def problems(path, text):
    """What is wrong with the includes of one file, a sentence each."""
    top = path.split("/")[0]
    for bracket, target in INCLUDE.findall(text):
        target_top = target.split("/")[0]
        if target.startswith("openssl/") and not path.startswith("libp2p/crypto/"):
            yield f"{path}: includes <{target}>; only libp2p/crypto/ may"
        if target.endswith(".pb.h") and path.endswith(".hpp"):
            yield f"{path}: generated code in a header ({target})"
        if target_top not in MAY_INCLUDE:
            continue
        if target_top not in MAY_INCLUDE[top]:
            yield f"{path}: {top}/ may not include {target}"
        private = target_top != "libp2p" or target.startswith(PRIVATE)
        if bracket == "<" and private:
            yield f"{path}: <{target}> is private, so it stands in quotes"
        if is_public(path) and (private or bracket == '"'):
            yield f"{path}: a public header includes the private {target}"
        if path.startswith("libp2p/protocols/") and target.startswith("libp2p/swarm/"):
            yield f"{path}: protocols do not know the swarm ({target})"


def main():
    found = [p for path in sources.files(".hpp", ".cpp") for p in problems(path, sources.read(path))]
    print("\n".join(found) or "includes point one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
