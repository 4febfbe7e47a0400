// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/stream_reset_gate.hpp"

#include "transports/webrtc/sctp_chunk.hpp"
#include "transports/webrtc/sctp_filter.hpp"

#include <boost/endian/conversion.hpp>

#include <gtest/gtest.h>

namespace libp2p::webrtc {
namespace {

Bytes chunk(SctpChunkType type, std::size_t size) {
    Bytes octets(size, 0);
    octets[0] = static_cast<std::uint8_t>(type);
    boost::endian::store_big_u16(&octets[2], static_cast<std::uint16_t>(size));
    return octets;
}

Bytes with_number(Bytes octets, std::size_t at, std::uint32_t number) {
    boost::endian::store_big_u32(&octets[at], number);
    return octets;
}

Bytes init(std::uint32_t first) {
    return with_number(chunk(SctpChunkType::init, 20), 16, first);
}

Bytes data(std::uint32_t number) {
    return with_number(chunk(SctpChunkType::data, 17), 4, number);
}

Bytes sack(std::uint32_t number) {
    return with_number(chunk(SctpChunkType::sack, 16), 4, number);
}

/// A request to reset stream 7 behind the data chunk `last`.
Bytes reset(std::uint32_t last) {
    auto octets = with_number(chunk(SctpChunkType::re_config, 22), 16, last);
    octets[5] = 13;
    octets[7] = 18;
    octets[21] = 7;
    return octets;
}

Bytes packet(std::initializer_list<Bytes> chunks) {
    Bytes octets(kSctpCommonHeader, 0);
    for (const auto& one : chunks) {
        octets.insert(octets.end(), one.begin(), one.end());
        octets.resize((octets.size() + 3) / 4 * 4);
    }
    return octets;
}

std::vector<SctpChunkType> types(ByteView octets) {
    std::vector<SctpChunkType> found;
    if (octets.empty()) {
        return found;
    }
    EXPECT_EQ(check_sctp_packet(octets), SctpVerdict::pass);
    auto rest = octets.subspan(kSctpCommonHeader);
    while (const auto one = next_sctp_item(rest)) {
        found.push_back(type_of(*one));
    }
    return found;
}

using Types = std::vector<SctpChunkType>;

class StreamResetGateTest : public testing::Test {
protected:
    std::vector<SctpChunkType> admit(std::initializer_list<Bytes> chunks) {
        const auto octets = packet(chunks);
        return types(gate_.admit(octets));
    }

    std::vector<SctpChunkType> due() {
        const auto octets = gate_.take_due();
        return octets ? types(*octets) : std::vector<SctpChunkType>();
    }

    StreamResetGate gate_;
};

TEST_F(StreamResetGateTest, PassesARequestBehindAllItsData) {
    admit({init(100)});
    admit({data(100), data(101)});
    EXPECT_EQ(admit({reset(101)}), Types{SctpChunkType::re_config});
    EXPECT_EQ(due(), Types());
}

TEST_F(StreamResetGateTest, HoldsARequestUntilTheMissingChunkHasArrived) {
    admit({init(100)});
    admit({data(100)});
    admit({data(102)});
    EXPECT_EQ(admit({reset(102)}), Types());
    EXPECT_EQ(admit({data(103)}), Types{SctpChunkType::data});
    EXPECT_EQ(due(), Types()) << "101 is missing";
    admit({data(101)});
    EXPECT_EQ(due(), Types()) << "that 102 was kept is known by what is acknowledged";
    gate_.on_sent(packet({sack(103)}));
    EXPECT_EQ(due(), Types{SctpChunkType::re_config});
    EXPECT_EQ(due(), Types()) << "once";
}

TEST_F(StreamResetGateTest, CountsFromWhatWasAcknowledged) {
    admit({init(100)});
    gate_.on_sent(packet({sack(0xffffffff)}));
    admit({data(0)});
    EXPECT_EQ(admit({reset(1)}), Types());
    admit({data(1)});
    EXPECT_EQ(due(), Types{SctpChunkType::re_config});
}

TEST_F(StreamResetGateTest, WhatUsrsctpDidNotKeepCountsNoLonger) {
    admit({init(100)});
    admit({data(100), data(101)});
    gate_.on_sent(packet({sack(100)}));
    EXPECT_EQ(admit({reset(101)}), Types());
}

TEST_F(StreamResetGateTest, TakesTheRequestOutOfAPacketWithOtherChunks) {
    admit({init(100)});
    EXPECT_EQ(admit({sack(5), reset(100), data(101)}), (Types{SctpChunkType::sack, SctpChunkType::data}));
    admit({data(100)});
    gate_.on_sent(packet({sack(101)}));
    EXPECT_EQ(due(), Types{SctpChunkType::re_config});
}

TEST_F(StreamResetGateTest, ARequestThatComesAgainReplacesTheOneHeld) {
    admit({init(100)});
    admit({reset(100)});
    admit({data(100)});
    EXPECT_EQ(admit({reset(100)}), Types{SctpChunkType::re_config});
    EXPECT_EQ(due(), Types()) << "it was processed already";
}

TEST_F(StreamResetGateTest, AnswersAndOtherRequestsPass) {
    admit({init(100)});
    auto answer = chunk(SctpChunkType::re_config, 16);
    answer[5] = 16;
    answer[7] = 12;
    EXPECT_EQ(admit({answer}), Types{SctpChunkType::re_config});
}

TEST_F(StreamResetGateTest, ANumberBeforeTheFirstPassesAtOnce) {
    EXPECT_EQ(admit({reset(7)}), Types{SctpChunkType::re_config}) << "nothing is known yet";
    admit({init(100)});
    EXPECT_EQ(admit({reset(99)}), Types{SctpChunkType::re_config});
}

}  // namespace
}  // namespace libp2p::webrtc
