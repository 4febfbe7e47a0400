// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/relay_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace libp2p::relay {
namespace {

using proto::Bytes;
using proto::DecodeErrc;
using tests::hex;
using tests::unhex;

HopMessage full_hop() {
    HopMessage message;
    message.type = HopType::status;
    message.peer = PeerMessage{unhex("0102"), {unhex("047f000001"), unhex("03")}};
    message.reservation = ReservationMessage{1'700'000'000, {unhex("0405")}, unhex("0607")};
    message.limit = LimitMessage{120, 131'072};
    message.status = Status::ok;
    return message;
}

StopMessage full_stop() {
    StopMessage message;
    message.type = StopType::connect;
    message.peer = PeerMessage{unhex("0102"), {}};
    message.limit = LimitMessage{120, 131'072};
    message.status = Status::connection_failed;
    return message;
}

TEST(RelayMessage, HopHasTheFieldNumbersOfTheSpecification) {
    EXPECT_EQ(
        hex(encode(full_hop())),
        "0802"  // 1 type
        "120e"
        "0a020102"
        "1205047f000001"
        "120103"  // 2 peer: 1 id, 2 addrs
        "1a0e"
        "0880e2cfaa06"
        "12020405"
        "1a020607"  // 3 reservation: 1 expire, 2 addrs, 3 voucher
        "2206"
        "0878"
        "10808008"  // 4 limit: 1 duration, 2 data
        "2864"      // 5 status
    );
}

TEST(RelayMessage, StopHasTheFieldNumbersOfTheSpecification) {
    EXPECT_EQ(
        hex(encode(full_stop())),
        "0800"  // 1 type
        "1204"
        "0a020102"  // 2 peer
        "1a06"
        "0878"
        "10808008"  // 3 limit
        "20cb01"    // 4 status
    );
}

TEST(RelayMessage, ReadsWhatItWrote) {
    EXPECT_EQ(decode_hop_message(encode(full_hop())).value(), full_hop());
    EXPECT_EQ(decode_stop_message(encode(full_stop())).value(), full_stop());
    EXPECT_EQ(decode_hop_message(encode(HopMessage())).value(), HopMessage());
    EXPECT_EQ(decode_stop_message(encode(StopMessage())).value(), StopMessage());
    const VoucherMessage voucher{unhex("01"), unhex("02"), std::numeric_limits<std::uint64_t>::max()};
    EXPECT_EQ(decode_voucher_message(encode(voucher)).value(), voucher);
    EXPECT_EQ(decode_voucher_message({}).value(), VoucherMessage());
}

TEST(RelayMessage, WritesATypeOfZero) {
    HopMessage reserve;
    reserve.type = HopType::reserve;
    EXPECT_EQ(hex(encode(reserve)), "0800");
}

TEST(RelayMessage, TellsAbsentFromZero) {
    const auto nothing = decode_hop_message({}).value();
    EXPECT_FALSE(nothing.type);
    EXPECT_FALSE(nothing.status);
    const auto zeros = decode_hop_message(unhex("0800"
                                                "2204"
                                                "0800"
                                                "1000"
                                                "2800"))
                           .value();
    EXPECT_EQ(zeros.type, HopType::reserve);
    EXPECT_EQ(zeros.limit, (LimitMessage{0, 0}));
    EXPECT_EQ(zeros.status, Status::unused);
    const auto empty = decode_hop_message(unhex("1a00")).value();
    ASSERT_TRUE(empty.reservation);
    EXPECT_FALSE(empty.reservation->expire);
    EXPECT_FALSE(empty.reservation->voucher);
}

TEST(RelayMessage, NoLimitAndALimitOfZeroAreTheSame) {
    EXPECT_TRUE(LimitMessage().is_unlimited());
    EXPECT_TRUE((LimitMessage{0, 0}).is_unlimited());
    EXPECT_FALSE((LimitMessage{1, std::nullopt}).is_unlimited());
    EXPECT_FALSE((LimitMessage{std::nullopt, 1}).is_unlimited());
}

TEST(RelayMessage, KeepsTypesAndStatusesThatItDoesNotKnow) {
    const auto message = decode_hop_message(unhex("0807"
                                                  "28f403"))
                             .value();
    EXPECT_EQ(static_cast<std::uint32_t>(*message.type), 7U);
    EXPECT_EQ(to_string(*message.status), "status 500");
    EXPECT_EQ(to_string(Status::no_reservation), "NO_RESERVATION (204)");
}

TEST(RelayMessage, SkipsUnknownFields) {
    const auto message = decode_stop_message(unhex("f80101"
                                                   "0801"
                                                   "7a03010203"))
                             .value();
    EXPECT_EQ(message.type, StopType::status);
}

TEST(RelayMessage, RefusesWhatIsNoMessage) {
    EXPECT_EQ(decode_hop_message(unhex("0a")).error(), make_error_code(DecodeErrc::malformed));
    EXPECT_EQ(
        decode_stop_message(unhex("1205"
                                  "0a02"))
            .error(),
        make_error_code(DecodeErrc::malformed)
    );
    EXPECT_EQ(decode_voucher_message(unhex("ff")).error(), make_error_code(DecodeErrc::malformed));
}

TEST(RelayMessage, RefusesWhatIsTooLong) {
    // An unknown field of octets fills the message.
    auto filled = [](std::size_t size) {
        auto message = unhex("7a");
        proto::Bytes length{
            static_cast<std::uint8_t>(((size - 3) & 0x7f) | 0x80), static_cast<std::uint8_t>((size - 3) >> 7)
        };
        message.insert(message.end(), length.begin(), length.end());
        message.resize(size);
        return message;
    };
    EXPECT_TRUE(decode_hop_message(filled(kMaxMessageSize)));
    EXPECT_TRUE(decode_stop_message(filled(kMaxMessageSize)));
    EXPECT_EQ(decode_hop_message(filled(kMaxMessageSize + 1)).error(), make_error_code(DecodeErrc::too_long));
    EXPECT_EQ(decode_stop_message(filled(kMaxMessageSize + 1)).error(), make_error_code(DecodeErrc::too_long));
    EXPECT_EQ(decode_voucher_message(filled(kMaxMessageSize + 1)).error(), make_error_code(DecodeErrc::too_long));
}

TEST(RelayMessage, RefusesListsThatAreTooLong) {
    HopMessage hop;
    hop.reservation.emplace();
    hop.reservation->addresses.resize(kMaxMessageAddresses);
    EXPECT_TRUE(decode_hop_message(encode(hop)));
    hop.reservation->addresses.emplace_back();
    EXPECT_EQ(decode_hop_message(encode(hop)).error(), make_error_code(DecodeErrc::too_long));
    StopMessage stop;
    stop.peer.emplace();
    stop.peer->addresses.resize(kMaxMessageAddresses + 1);
    EXPECT_EQ(decode_stop_message(encode(stop)).error(), make_error_code(DecodeErrc::too_long));
}

}  // namespace
}  // namespace libp2p::relay
