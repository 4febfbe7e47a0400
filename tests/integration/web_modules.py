#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs web_modules.mjs and web_peers.mjs, the tests of the page's modules, where node is installed."""
import shutil
import subprocess
import unittest
from pathlib import Path

NODE = shutil.which("node")


class WebModules(unittest.TestCase):
    @unittest.skipIf(NODE is None, "node is not installed")
    def test_modules(self):
        done = subprocess.run([NODE, "--test", *(Path(__file__).with_name(name) for name in ("web_modules.mjs", "web_peers.mjs"))], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
