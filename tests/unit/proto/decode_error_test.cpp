// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/decode_error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace libp2p::proto {
namespace {

TEST(DecodeError, HasItsOwnCategoryAndItsOwnWordsForEachCode) {
    std::set<std::string> words;
    for (int code = 1; code <= static_cast<int>(DecodeErrc::malformed); ++code) {
        const boost::system::error_code ec = static_cast<DecodeErrc>(code);
        EXPECT_STREQ(ec.category().name(), "libp2p.proto");
        EXPECT_TRUE(ec.failed());
        EXPECT_TRUE(words.insert(ec.message()).second) << ec.message();
        char buffer[64];
        EXPECT_EQ(std::string(ec.message(buffer, sizeof buffer)), ec.message());
    }
    EXPECT_EQ(words.count("unknown decoding error"), 0U);
}

}  // namespace
}  // namespace libp2p::proto
