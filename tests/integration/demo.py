# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo, with the program that P2P names and little to transfer: a row for each path, with a figure in each column."""
import contextlib
import io
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import run_demo  # noqa: E402

PATHS = ["tcp", "websocket", "webrtc-direct", "relay", "webrtc"]


class Demo(unittest.TestCase):
    def test_shows_each_path(self):
        run_demo.P2P = os.environ["P2P"]
        run_demo.TRANSFER = run_demo.MIB
        run_demo.build = lambda: None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run_demo.main()
        rows = [line.split("  ") for line in printed.getvalue().splitlines()[-len(PATHS):]]
        rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
        self.assertEqual([row[0] for row in rows], PATHS)
        for row in rows:
            self.assertEqual(len(row), len(run_demo.HEADINGS), row)
            for figure in row[3:]:
                self.assertGreaterEqual(float(figure), 0, row)


if __name__ == "__main__":
    unittest.main()
