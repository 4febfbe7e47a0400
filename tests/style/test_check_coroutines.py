# SPDX-License-Identifier: MIT OR Apache-2.0
import unittest

import check_coroutines

BAD = [
    "co_await host.dial(peer, DialPlan{addresses, note});",
    "co_await f({.timeout = 5s, .name = s});",
    "int n = co_await f(std::vector<int>{});",
    "auto s = cached ? *cached : co_await fetch(key);",
    "auto r = a && (co_await b(c ? x : y));",
    "co_await take(c ? Probe() : Probe(8));",
    "co_await call([p] { use(p); });",
    "co_await call([p = std::move(p)]() mutable { use(p); });",
    "co_await call([=] { use(p); });",
    "co_await call([&, p] { use(p); });",
    "co_await call([*this] { use(); });",
    "co_await asio::co_spawn(ex, [sp]() -> awaitable<void> { co_return; }, token);",
    "auto pair = join(co_await a(), co_await b());",
    "Agg a{Probe(), co_await n()};",
    "auto v = std::array{co_await n()};",
    "T t[2] = {co_await g(), T()};",
    "a = {co_await g(), 1};",
    "co_return Agg{.a = co_await g()};",
    "co_await Obj{}.member(p);",
    "for (auto& p : {co_await make(), Probe()}) { use(p); }",
    "for (;;) { if (ready) { co_await f(Agg{1, p}); } }",
    "if (auto r = co_await f({1, 2}); !r) { g(); }",
    "else co_await f(A{1});",
    "case 3: co_await f(T{1});",
    "case 3: { co_await f(T{1}); }",
    "co_await f(1,\n           B{2});",
    "try { co_await f(T{1}); } catch (...) {}",
    "return [](int a) -> awaitable<int> { co_return co_await f(T{a}); };",
]

GOOD = [
    "auto peer = co_await host.connect(std::move(address), quick);",
    "if (auto got = co_await read_exactly(wire, head); !got) { co_return got.error(); }",
    "while (co_await more()) { step(); }",
    "do { co_await f(); } while (x);",
    "for (co_await a(); b; c) {}",
    "co_await with_tasks([&](TaskScope& tasks) -> awaitable<void> { co_return; });",
    "co_await call([this] { go(); });",
    "co_await call([] { go(); });",
    "co_await call([n = 3] { go(n); });",
    "co_await call([&]() noexcept { return x ? T{1} : T{2}; });",
    "auto [ec, n] = co_await socket.async_read_some(buffer, as_result);",
    "co_await f(array[i](x));",
    "DialOptions quick{.timeout = 5s}; co_await connect(quick);",
    "int f() { return x ? 1 : 2; } awaitable<void> g() { co_await h(); }",
    "struct A { int b{1}; awaitable<void> f() { co_await g(); } };",
    "Foo() : a{1}, b{2} {} awaitable<void> g() { co_await h(); }",
    "// co_await f({1, 2});",
    "log(\"co_await {a}\"); co_await f();",
    "switch (co_await kind()) { case 1: break; }",
    "case '$': { auto text = co_await read(); }",
    "default: { co_await f(); }",
]


def found(text):
    return list(check_coroutines.problems("x.cpp", text))


class CheckCoroutines(unittest.TestCase):
    def test_flags_what_the_compiler_breaks(self):
        for text in BAD:
            with self.subTest(text):
                self.assertTrue(found("awaitable<void> f() { " + text + " }"))

    def test_leaves_names_and_calls_alone(self):
        for text in GOOD:
            with self.subTest(text):
                self.assertEqual(found("awaitable<void> f() { " + text + " }"), [])

    def test_looks_into_lambda_bodies(self):
        self.assertTrue(found("auto body = [&]() -> awaitable<void> { co_await f(Agg{1, 2}); };"))

    def test_names_the_line(self):
        self.assertIn("x.cpp:3:", found("void a();\nawaitable<void> f() {\n    co_await g({1});\n}\n")[0])


if __name__ == "__main__":
    unittest.main()
