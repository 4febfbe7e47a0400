# SPDX-License-Identifier: MIT OR Apache-2.0
import unittest

import check_prose

HEAD = "// " + check_prose.HEAD + "\n"
BAD = [
    ("docs/limits.md", "see /home/me/notes"),
    ("scripts/demo", "cd /work/main"),
    ("libp2p/host.cpp", HEAD + "// TODO: later"),
    ("libp2p/host.cpp", HEAD + "co_spawn(ex, run(), asio::detached);"),
    ("tests/unit/libp2p/host_test.cpp", HEAD + "std::this_thread::sleep_for(1s);"),
    ("libp2p/host.cpp", "int x;"),
]
GOOD = [
    ("docs/limits.md", "~/.cache and /usr/lib, https://example.org/work/x, ${HOME}/work/x"),
    ("libp2p/host.cpp", HEAD + "int x;"),
    ("tests/integration/host_test.cpp", HEAD + "std::this_thread::sleep_for(1s);"),
]


class CheckProse(unittest.TestCase):
    def test_flags(self):
        for path, text in BAD:
            with self.subTest(path=path, text=text):
                self.assertEqual(len(list(check_prose.problems(path, text))), 1)

    def test_leaves_alone(self):
        for path, text in GOOD:
            with self.subTest(path=path, text=text):
                self.assertEqual(list(check_prose.problems(path, text)), [])


if __name__ == "__main__":
    unittest.main()
