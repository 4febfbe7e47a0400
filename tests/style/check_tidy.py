# SPDX-License-Identifier: MIT OR Apache-2.0
"""clang-tidy over our sources, several at a time: check_tidy.py CLANG_TIDY BUILD_FOLDER."""
import concurrent.futures
import os
import subprocess
import sys

import sources


def tidy(path):
    done = subprocess.run([sys.argv[1], "-p", sys.argv[2], "--quiet", "--warnings-as-errors=*", path],
                          capture_output=True, text=True)
    return path, done.returncode, done.stdout


def main():
    paths = sources.files(".cpp", folders=("proto", "libp2p", "security", "muxing", "transports", "tools"))
    paths = [p for p in paths if not p.startswith("libp2p/asio/")]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, output in pool.map(tidy, paths):
            if code != 0:
                failed += 1
                print(f"{path}:\n{output}")
    print(f"{len(paths)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
