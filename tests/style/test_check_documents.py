# SPDX-License-Identifier: MIT OR Apache-2.0
import unittest

import check_documents
import sources

HEADER = """
    ScopeLimits system{1, 2, 3, 4, 5, 32'768, 7, 16 * kMiB};
    ScopeLimits peer{1, 2, 3, 4, 5, 6, 7, kMiB};
    ScopeLimits stream{0, 0, 0, 1, 1, 1, 0, 16 * kMiB};
""" + "".join(f"    std::uint32_t limit_{n} = {n}'000;\n" for n in range(1, 10)) + """
    std::chrono::milliseconds dial{15'000};
"""
TABLES = """
| system | 1 / 2 / 3 | 4 / 5 / 32 768 | 7 | 16 MiB |
| peer | 1 / 2 / 3 | 4 / 5 / 6 | 7 | 1 MiB |
| stream | – | 1 / 1 / 1 | – | 16 MiB |
""" + "".join(f"| `limit_{n}` | {n} 000 | words |\n" for n in range(1, 10)) + """
| `timeouts.dial` | 15 s | words |
"""
BAD = [  # a document, and a word of what is wrong with it
    ("```cpp\nint nobody_compiles_this = 1;\n```\n", "no file"),
    ("  ```cpp\n  int nobody_compiles_this = 1;\n  ```\n", "no file"),
    ("```c++\nint main() {}\n```\n", "a block in c++"),
    ("```cpp\nint main() {\n", "does not end"),
    ("```cmake\nfind_package(libq2q REQUIRED)\n```\n", "no project"),
    ("```sh\nscripts/nothing\n```\n", "no program"),
    ("```sh\ncmake --preset nothing && true\n```\n", "no preset"),
    ("```sh\np2p nothing\n```\n", "no command"),
    ("```sh\np2p ping --nothing\n```\n", "no option"),
    ("see `libp2p/nothing.cpp`", "there is no libp2p/nothing.cpp"),
    ("see `nothing.cpp`", "there is no nothing.cpp"),
    ("see `<libp2p/nothing.hpp>`", "there is no libp2p/nothing.hpp"),
    ("see [this](docs/nothing.md)", "a link"),
]
GOOD = """
```cpp
int main() {
```

```cmake
find_package(libp2p REQUIRED)
target_link_libraries(whatever PRIVATE libp2p::libp2p)
```

```sh
scripts/test    # some words, p2p nothing
cmake --preset release && cmake --build build/release
p2p ping MULTIADDR --count 5
```

See `libp2p/host.cpp`, `host.cpp`, `<libp2p/host.hpp>`, `tests/unit/libp2p/*_test.cpp`, [this](README.md#use-it), [that](https://example.org).
"""


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = check_documents.Tree()

    def test_finds_what_is_not_so(self):
        for text, words in BAD:
            with self.subTest(text=text):
                self.assertIn(words, "\n".join(check_documents.problems("README.md", text, self.tree)))

    def test_passes_what_is_so(self):
        self.assertEqual(list(check_documents.problems("README.md", GOOD, self.tree)), [])

    def test_looks_at_every_document(self):
        self.assertLessEqual({"README.md", "SECURITY.md", "docs/limits.md"}, set(check_documents.documents()))

    def test_compares_limits(self):
        self.assertEqual(list(check_documents.limit_problems(HEADER, TABLES)), [])
        for right, wrong in (("5 000", "5 001"), ("32 768", "32 767"), ("| `limit_3`", "| `limit_0`"), ("15 s", "15 ms"),
                             ("| peer |", "| beer |"), ("16 MiB", "16 KiB"), ("timeouts.dial", "timeouts.call")):
            with self.subTest(wrong=wrong):
                self.assertTrue(list(check_documents.limit_problems(HEADER, TABLES.replace(right, wrong, 1))))

    def test_finds_the_real_limits(self):
        self.assertTrue(list(check_documents.limit_problems(sources.read("libp2p/limits.hpp"), "")))


if __name__ == "__main__":
    unittest.main()
