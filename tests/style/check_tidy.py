# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_tidy.py CLANG_TIDY BUILD_FOLDER [FILE…]: clang-tidy over our sources, several at a time, what changed last first.

A file that was clean is not looked at again until it, a header of ours that it includes, or .clang-tidy changes; what was
clean is noted outside the tree, in ${XDG_CACHE_HOME:-~/.cache}/libp2p-tidy. After LIBP2P_TIDY_SECONDS, where that is set,
no other file is begun: a new machine, which has no notes, would take a quarter of an hour.
"""
import concurrent.futures
import functools
import hashlib
import os
import re
import subprocess
import sys
import time

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


@functools.lru_cache(maxsize=None)
def included(path):
    """Headers of ours that a file includes by itself."""
    return [i for i in INCLUDE.findall(sources.read(path)) if os.path.isfile(i)]


@functools.lru_cache(maxsize=None)
def content(path):
    return hashlib.sha256(sources.read(path).encode()).digest()


def fingerprint(path, version):
    """Of all of ours that decides what clang-tidy says about a file."""
    seen, left = set(), [path]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left += included(one)
    mixed = hashlib.sha256(version.encode() + content(".clang-tidy"))
    for one in sorted(seen):
        mixed.update(one.encode() + content(one))
    return mixed.hexdigest()


def newest_first(paths):
    """By the last commit that changed a file, or the header of its name; those without one come first."""
    log = subprocess.run(["git", "log", "--format=", "--name-only"], capture_output=True, text=True)
    ranks = {}
    for name in log.stdout.split("\n"):
        ranks.setdefault(name.removesuffix(".cpp").removesuffix(".hpp"), len(ranks))
    return sorted(paths, key=lambda path: ranks.get(path.removesuffix(".cpp"), -1))


def main():
    began = time.monotonic()
    limit = float(os.environ.get("LIBP2P_TIDY_SECONDS") or "inf")
    program, build, *chosen = sys.argv[1:]
    known = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "libp2p-tidy")
    os.makedirs(known, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    paths = chosen or sources.files(".cpp", folders=("proto", "libp2p", "security", "muxing", "transports", "tools"))
    paths = [p for p in paths if not p.startswith("libp2p/asio/")]
    marks = {p: os.path.join(known, fingerprint(p, version)) for p in paths}
    left = newest_first([p for p in paths if not os.path.exists(marks[p])])

    def tidy(path):
        if time.monotonic() - began > limit:
            return path, None
        done = subprocess.run([program, "-p", build, "--quiet", "--warnings-as-errors=*", path], capture_output=True, text=True)
        if done.returncode == 0:
            open(marks[path], "w").close()
        return path, done

    looked_at = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(tidy, left):
            looked_at += 1 if done else 0
            if done and done.returncode != 0:
                failed += 1
                print(f"{path}:\n{done.stdout}{'' if done.stdout else done.stderr}")
    print(f"{len(paths)} files, {len(paths) - len(left)} known, {looked_at} looked at, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
