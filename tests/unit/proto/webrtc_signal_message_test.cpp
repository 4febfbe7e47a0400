// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/webrtc_signal_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

using proto::DecodeErrc;
using tests::hex;
using tests::unhex;

Signal read(std::string_view octets) {
    return decode_signal(unhex(octets)).value();
}

boost::system::error_code error_of(const proto::Bytes& octets) {
    return decode_signal(octets).error();
}

TEST(WebRtcSignal, WritesTheTypeEvenWhereItIsZero) {
    EXPECT_EQ(hex(encode({Signal::Type::offer, "v=0"})), "08001203763d30");
    EXPECT_EQ(hex(encode({Signal::Type::answer, "v=0"})), "08011203763d30");
    EXPECT_EQ(hex(encode({Signal::Type::candidate, "{}"})), "080212027b7d");
}

TEST(WebRtcSignal, ReadsItsOwn) {
    for (const auto type : {Signal::Type::offer, Signal::Type::answer, Signal::Type::candidate, Signal::Type::done}) {
        const Signal signal{type, std::string("a\0b\r\n", 5)};
        EXPECT_EQ(decode_signal(encode(signal)).value(), signal);
    }
}

TEST(WebRtcSignal, TakesAMissingTypeForAnOffer) {
    EXPECT_EQ(read("1203763d30"), (Signal{Signal::Type::offer, "v=0"}));
    EXPECT_EQ(read(""), Signal{});
}

TEST(WebRtcSignal, ReadsTheEndOfCandidates) {
    EXPECT_EQ(read("0803"), (Signal{Signal::Type::done, ""}));
}

TEST(WebRtcSignal, SkipsUnknownFields) {
    EXPECT_EQ(
        read("0801"
             "1a0161"
             "1203763d30"),
        (Signal{Signal::Type::answer, "v=0"})
    );
}

TEST(WebRtcSignal, RefusesATypeThatMeansNothing) {
    EXPECT_EQ(error_of(unhex("0804")), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of(unhex("08808080808080808001")), DecodeErrc::unknown_encoding);
}

TEST(WebRtcSignal, RefusesWhatIsNoMessage) {
    EXPECT_EQ(error_of(unhex("08")), DecodeErrc::malformed);
    EXPECT_EQ(error_of(unhex("1205763d30")), DecodeErrc::malformed);
    EXPECT_EQ(error_of(unhex("ffffffff")), DecodeErrc::malformed);
}

TEST(WebRtcSignal, RefusesWhatIsTooLong) {
    Signal signal{Signal::Type::offer, std::string(kMaxSignalSize, 'x')};
    EXPECT_EQ(error_of(encode(signal)), DecodeErrc::too_long);
    signal.data.resize(kMaxSignalSize - 16);
    EXPECT_EQ(decode_signal(encode(signal)).value(), signal);
}

}  // namespace
}  // namespace libp2p::webrtc
