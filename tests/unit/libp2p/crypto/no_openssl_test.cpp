// SPDX-License-Identifier: MIT OR Apache-2.0
//
// BoringSSL and OpenSSL share the names of their functions: with both in one process, one calls into the other and
// crashes.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace {

/// What the process has mapped whose path has `name` in it, a line each.
std::string mapped(const std::string& name) {
    std::ifstream maps("/proc/self/maps");
    std::string found;
    for (std::string line; std::getline(maps, line);) {
        if (line.find(name) != std::string::npos) {
            found += line + '\n';
        }
    }
    return found;
}

TEST(Process, LoadsNoOpenSsl) {
    if (!std::ifstream("/proc/self/maps")) {
        GTEST_SKIP() << "no /proc here";
    }
    EXPECT_EQ(mapped("libcrypto.so.3"), "");
    EXPECT_EQ(mapped("libssl.so.3"), "");
    EXPECT_EQ(mapped("libcrypto.so.1"), "");
}

}  // namespace
