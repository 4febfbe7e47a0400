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
    "transports": {"transports", "security", "muxing", "libp2p", "proto"},
    "tools": {"tools", "transports", "security", "muxing", "libp2p", "proto"},
    "examples": {"examples", "libp2p"},  # and the public headers alone: an example is what a stranger writes
    "tests": {"tests", "tools", "transports", "security", "muxing", "libp2p", "proto"},
}
PUBLIC_FOLDERS = ("libp2p", "libp2p/protocols", "libp2p/conformance")
MAY_INCLUDE_OPENSSL = re.compile(r"(libp2p/crypto|transports/webrtc/(\w+/)*dtls)/")
# Two transports over one engine do not know each other, nor does the engine know them.
SIBLINGS = re.compile(r"transports/webrtc/(direct|private)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def is_public(path):
    return path.endswith(".hpp") and os.path.dirname(path) in PUBLIC_FOLDERS


def is_ours(target):
    return target.split("/")[0] in MAY_INCLUDE


def problems(path, text):
    """What is wrong with the includes of one file, a sentence each."""
    top, folder = path.split("/")[0], os.path.dirname(path)
    published = is_public(path) or folder == "tests/conformance" and path.endswith(".hpp")
    for bracket, target in INCLUDE.findall(text):
        if target.startswith("openssl/") and not MAY_INCLUDE_OPENSSL.match(path):
            yield f"{path}: includes <{target}>; only libp2p/crypto/ may"
        if target.endswith(".pb.h") and path.endswith(".hpp"):
            yield f"{path}: generated code in a header ({target})"
        if not is_ours(target):
            if published and bracket == '"' and not (folder == "tests/conformance" and "/" not in target):
                yield f"{path}: a public header includes the private {target}"
            continue
        if target.split("/")[0] not in MAY_INCLUDE[top]:
            yield f"{path}: {top}/ may not include {target}"
        if target.startswith("libp2p/conformance/") and top != "tests":
            yield f"{path}: {top}/ may not include {target}"
        if bracket == "<" and not is_public(target):
            yield f"{path}: <{target}> is private, so it stands in quotes"
        if top == "examples" and target.startswith("examples/"):
            continue
        if (published or top == "examples") and not (bracket == "<" and is_public(target)):
            yield f"{path}: {'a public header' if published else 'an example'} includes the private {target}"
        variant = SIBLINGS.match(target)
        if path.startswith("transports/webrtc/") and variant and not path.startswith(variant.group()):
            yield f"{path}: what is shared stands in transports/webrtc/, not in {target}"
        if path.startswith("libp2p/protocols/") and target.startswith("libp2p/swarm/"):
            yield f"{path}: protocols do not know the swarm ({target})"


def main():
    found = [p for path in sources.files(".hpp", ".cpp") for p in problems(path, sources.read(path))]
    print("\n".join(found) or "includes point one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
