# SPDX-License-Identifier: MIT OR Apache-2.0
import unittest

import check_coroutines

BAD = [
    "co_await host.dial(peer, DialPlan{addresses, note});",
    "co_await f({.timeout = 5s, .name = s});",
    "auto s = cached ? *cached : co_await fetch(key);",
    "co_await take(c ? Probe() : Probe(8));",
    "co_await call([p] { use(p); });",
    "co_await call([p = std::move(p)]() mutable { use(p); });",
    "co_await call([=] { use(p); });",
    "auto pair = join(co_await a(), co_await b());",
    "Agg a{Probe(), co_await n()};",
    "co_return Agg{.a = co_await g()};",
    "co_await Obj{}.member(p);",
    "for (;;) { if (ready) { co_await f(Agg{1, p}); } }",
]

GOOD = [
    "auto peer = co_await host.connect(std::move(address), quick);",
    "if (auto got = co_await read_exactly(wire, head); !got) { co_return got.error(); }",
    "while (co_await more()) { step(); }",
    "co_await with_tasks([&](TaskScope& tasks) -> awaitable<void> { co_return; });",
    "co_await call([this] { go(); });",
    "co_await call([] { go(); });",
    "auto [ec, n] = co_await socket.async_read_some(buffer, as_result);",
    "DialOptions quick{.timeout = 5s}; co_await connect(quick);",
    "int f() { return x ? 1 : 2; } awaitable<void> g() { co_await h(); }",
    "// co_await f({1, 2});",
    "log(\"co_await {a}\"); co_await f();",
    "switch (co_await kind()) { case 1: break; }",
]


def verdicts(text):
    return [p for p in check_coroutines.problems("x.cpp", text)]


class CheckCoroutines(unittest.TestCase):
    def test_flags_what_the_compiler_breaks(self):
        for text in BAD:
            with self.subTest(text):
                self.assertTrue(verdicts("awaitable<void> f() { " + text + " }"))

    def test_leaves_names_and_calls_alone(self):
        for text in GOOD:
            with self.subTest(text):
                self.assertEqual(verdicts("awaitable<void> f() { " + text + " }"), [])

    def test_looks_into_lambda_bodies(self):
        text = "auto body = [&]() -> awaitable<void> { co_await f(Agg{1, 2}); };"
        self.assertTrue(verdicts(text))

    def test_names_the_line(self):
        found = verdicts("void a();\nawaitable<void> f() {\n    co_await g({1});\n}\n")
        self.assertIn("x.cpp:3:", found[0])


if __name__ == "__main__":
    unittest.main()
