// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_filter.hpp"

#include <gtest/gtest.h>

namespace libp2p::webrtc {
namespace {

Bytes packet(std::initializer_list<Bytes> chunks) {
    Bytes octets(12, 0);
    for (const auto& chunk : chunks) {
        octets.insert(octets.end(), chunk.begin(), chunk.end());
        octets.resize((octets.size() + 3) / 4 * 4);
    }
    return octets;
}

Bytes chunk(std::uint8_t type, std::size_t size) {
    Bytes octets(size, 0);
    octets[0] = type;
    octets[2] = static_cast<std::uint8_t>(size / 256);
    octets[3] = static_cast<std::uint8_t>(size);
    return octets;
}

Bytes with_parameter(Bytes chunk_octets, std::uint16_t type, std::size_t size) {
    const auto at = chunk_octets.size();
    chunk_octets.resize(at + size, 0);
    chunk_octets[at] = static_cast<std::uint8_t>(type / 256);
    chunk_octets[at + 1] = static_cast<std::uint8_t>(type);
    chunk_octets[at + 3] = static_cast<std::uint8_t>(size);
    chunk_octets[3] = static_cast<std::uint8_t>(chunk_octets.size());
    return chunk_octets;
}

TEST(SctpFilter, WhatDataChannelsUsePasses) {
    for (auto [type, size] : std::initializer_list<std::pair<int, std::size_t>>{
             {0, 17},
             {0, 1180},
             {1, 20},
             {2, 20},
             {3, 16},
             {4, 8},
             {5, 40},
             {6, 4},
             {7, 8},
             {8, 4},
             {9, 4},
             {10, 300},
             {11, 4},
             {14, 4},
             {64, 21},
             {132, 4},
             {192, 8},
             {194, 8},
         }) {
        EXPECT_EQ(check_sctp_packet(packet({chunk(static_cast<std::uint8_t>(type), size)})), SctpVerdict::pass) << type;
    }
    EXPECT_EQ(check_sctp_packet(packet({chunk(3, 16), chunk(0, 18), chunk(0, 99)})), SctpVerdict::pass);
    EXPECT_EQ(check_sctp_packet(packet({with_parameter(chunk(130, 4), 13, 18)})), SctpVerdict::pass);
    EXPECT_EQ(check_sctp_packet(packet({with_parameter(chunk(1, 20), 0x8008, 8)})), SctpVerdict::pass);
}

TEST(SctpFilter, WhatTheyDoNotUseIsUnwanted) {
    for (std::uint8_t type : std::initializer_list<std::uint8_t>{12, 13, 15, 128, 129, 193, 255}) {
        EXPECT_EQ(check_sctp_packet(packet({chunk(type, 32)})), SctpVerdict::unwanted) << int{type};
        EXPECT_EQ(check_sctp_packet(packet({chunk(0, 20), chunk(type, 32)})), SctpVerdict::unwanted) << "behind data";
    }
    for (std::uint16_t address : std::initializer_list<std::uint16_t>{5, 6, 11}) {
        EXPECT_EQ(check_sctp_packet(packet({with_parameter(chunk(1, 20), address, 20)})), SctpVerdict::unwanted);
        EXPECT_EQ(check_sctp_packet(packet({with_parameter(chunk(2, 20), address, 20)})), SctpVerdict::unwanted);
    }
}

TEST(SctpFilter, LengthsHaveToAddUp) {
    for (std::size_t size = 0; size < 16; ++size) {
        EXPECT_EQ(check_sctp_packet(Bytes(size, 0)), SctpVerdict::malformed) << size;
    }
    for (auto [type, size] : std::initializer_list<std::pair<int, std::size_t>>{
             {0, 16}, {64, 20}, {1, 19}, {3, 15}, {4, 7}, {7, 7}, {192, 7}, {130, 7}
         }) {
        EXPECT_EQ(check_sctp_packet(packet({chunk(static_cast<std::uint8_t>(type), size)})), SctpVerdict::malformed);
    }
    auto longer = packet({chunk(0, 20)});
    longer[15] = 21;
    EXPECT_EQ(check_sctp_packet(longer), SctpVerdict::malformed);
    auto zero = packet({chunk(6, 4)});
    zero[15] = 0;
    EXPECT_EQ(check_sctp_packet(zero), SctpVerdict::malformed) << "a chunk without a length would never end";
    auto sack = chunk(3, 16);
    sack[13] = 1;
    EXPECT_EQ(check_sctp_packet(packet({sack})), SctpVerdict::malformed) << "a gap that is not there";
    auto parameter = with_parameter(chunk(130, 4), 13, 8);
    parameter[7] = 9;
    EXPECT_EQ(check_sctp_packet(packet({parameter})), SctpVerdict::malformed);
}

TEST(SctpFilter, ChunksHaveALimit) {
    Bytes octets(12, 0);
    for (int i = 0; i < 301; ++i) {
        const auto one = chunk(132, 4);
        octets.insert(octets.end(), one.begin(), one.end());
    }
    EXPECT_EQ(check_sctp_packet(octets), SctpVerdict::malformed);
    octets.resize(octets.size() - 4);
    EXPECT_EQ(check_sctp_packet(octets), SctpVerdict::pass);
}

TEST(SctpFilter, AnInitTellsItsStreamsAndItsWindow) {
    auto init = chunk(1, 20);
    init[9] = 0x10;
    init[12] = 0x04;
    init[14] = 0xff;
    init[15] = 0xff;
    const auto found = init_of(packet({init}));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->streams, 65'535);
    EXPECT_EQ(found->window, 0x100000U);
    init[14] = 0;
    init[15] = 1;
    EXPECT_EQ(init_of(packet({init}))->streams, 1024);
    EXPECT_FALSE(init_of(packet({chunk(0, 20)})));
    EXPECT_FALSE(init_of(Bytes(31, 1)));
}

}  // namespace
}  // namespace libp2p::webrtc
