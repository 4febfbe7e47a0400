# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_linked.py PROGRAM…: no program loads OpenSSL, which crashes in one process with BoringSSL."""
import re
import subprocess
import sys

OPENSSL = re.compile(r"lib(?:ssl|crypto)\.so\.(?!0\b)\S+")


def main():
    found = []
    for program in sys.argv[1:]:
        loaded = subprocess.run(["ldd", program], capture_output=True, text=True)
        if loaded.returncode != 0:
            found.append(f"{program}: {loaded.stderr.strip()}")
        if "not found" in loaded.stdout:
            found.append(f"{program}: {[line.strip() for line in loaded.stdout.splitlines() if 'not found' in line]}")
        found += [f"{program}: loads {library}" for library in OPENSSL.findall(loaded.stdout)]
    print("\n".join(found) or "no program loads OpenSSL")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
