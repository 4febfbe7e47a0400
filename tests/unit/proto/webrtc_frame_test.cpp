// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/webrtc_frame.hpp"

#include "proto/varint.hpp"
#include "proto/webrtc_message.pb.h"
#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace libp2p::webrtc {
namespace {

using proto::Bytes;
using proto::ByteView;
using proto::DecodeErrc;
using tests::hex;
using tests::unhex;

/// The pieces that a reader gives, as text: payload joined up to the next flag, then the flag.
struct Pieces {
    std::vector<std::string> list;
    std::optional<boost::system::error_code> error;

    friend bool operator==(const Pieces&, const Pieces&) = default;
};

std::string name(Flag flag) {
    static constexpr const char* kNames[] = {"FIN", "STOP_SENDING", "RESET", "FIN_ACK"};
    return kNames[static_cast<std::size_t>(flag)];
}

Pieces read(FrameReader& reader, ByteView octets, std::size_t slice) {
    Pieces pieces;
    bool open = false;
    while (!octets.empty() && !pieces.error) {
        auto input = octets.first(std::min(slice, octets.size()));
        octets = octets.subspan(input.size());
        for (;;) {
            const auto* before = input.data();
            const auto piece = reader.next(input);
            if (!piece) {
                pieces.error = piece.error();
                break;
            }
            if (!*piece) {
                EXPECT_TRUE(input.empty());
                break;
            }
            if ((*piece)->flag) {
                EXPECT_TRUE((*piece)->payload.empty());
                pieces.list.push_back(name(*(*piece)->flag));
                open = false;
                continue;
            }
            const auto payload = (*piece)->payload;
            EXPECT_FALSE(payload.empty());
            EXPECT_TRUE(payload.data() >= before && payload.data() + payload.size() == input.data()) << "no copy";
            if (!open) {
                pieces.list.emplace_back();
            }
            open = true;
            pieces.list.back().append(payload.begin(), payload.end());
        }
    }
    return pieces;
}

Pieces read_whole(ByteView octets) {
    FrameReader reader;
    return read(reader, octets, octets.size() + 1);
}

Pieces read_hex(std::string_view text) {
    return read_whole(unhex(text));
}

Pieces pieces(std::vector<std::string> list) {
    return {std::move(list), std::nullopt};
}

Pieces refused(DecodeErrc code, std::vector<std::string> list = {}) {
    return {std::move(list), make_error_code(code)};
}

Bytes frame(const std::string& payload, std::optional<Flag> flag = std::nullopt) {
    const FrameHeader header(payload.size(), flag);
    Bytes octets(header.bytes().begin(), header.bytes().end());
    octets.insert(octets.end(), payload.begin(), payload.end());
    return octets;
}

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

constexpr std::optional<Flag> kFlags[] = {
    std::nullopt,
    Flag::fin,
    Flag::stop_sending,
    Flag::reset,
    Flag::fin_ack,
};

TEST(WebRtcFrame, WritesTheVectors) {
    EXPECT_EQ(hex(frame("", Flag::fin)), "020800");
    EXPECT_EQ(hex(frame("", Flag::stop_sending)), "020801");
    EXPECT_EQ(hex(frame("", Flag::reset)), "020802");
    EXPECT_EQ(hex(frame("", Flag::fin_ack)), "020803");
    EXPECT_EQ(hex(frame("hello")), "07120568656c6c6f");
    EXPECT_EQ(
        hex(frame("hello", Flag::fin)),
        "0908001205"
        "68656c6c6f"
    );
}

TEST(WebRtcFrame, WritesWhatTheGeneratedCodeWrites) {
    constexpr std::size_t kSizes[] = {
        0, 1, 122, 123, 127, 128, 1'200, 8'185, 16'376, 16'377, 16'378, 16'379, 16'384, 65'536, kMaxFrameReceived - 6
    };
    for (const auto size : kSizes) {
        for (const auto flag : kFlags) {
            if (size == 0 && !flag) {
                continue;
            }
            const std::string payload(size, 'p');
            pb::Message message;
            if (flag) {
                message.set_flag(static_cast<pb::Message::Flag>(*flag));
            }
            if (size > 0) {
                message.set_message(payload);
            }
            Bytes expected;
            const auto body = message.SerializeAsString();
            proto::append_length_prefixed(
                expected, ByteView(reinterpret_cast<const std::uint8_t*>(body.data()), body.size())
            );
            const auto written = frame(payload, flag);
            EXPECT_TRUE(written == expected) << size;
            std::vector<std::string> list;
            if (size > 0) {
                list.push_back(payload);
            }
            if (flag) {
                list.push_back(name(*flag));
            }
            EXPECT_TRUE(read_whole(written) == pieces(list)) << size;
        }
    }
}

TEST(WebRtcFrame, LargestPayloadFillsTheFrame) {
    for (const auto limit : {kMaxFrameSent, kMaxFrameSentToRust}) {
        const auto size = max_payload(limit);
        EXPECT_EQ(FrameHeader(size, Flag::fin).bytes().size() + size, limit);
        EXPECT_GT(FrameHeader(size + 1, Flag::fin).bytes().size() + size + 1, limit);
    }
}

TEST(WebRtcFrame, ReadsTheVectors) {
    EXPECT_EQ(read_hex("020800"), pieces({"FIN"}));
    EXPECT_EQ(read_hex("020801"), pieces({"STOP_SENDING"}));
    EXPECT_EQ(read_hex("020802"), pieces({"RESET"}));
    EXPECT_EQ(read_hex("020803"), pieces({"FIN_ACK"}));
    EXPECT_EQ(read_hex("07120568656c6c6f"), pieces({"hello"}));
    // The first two messages of multistream-select in one frame.
    EXPECT_EQ(
        read_hex("281226132f6d756c746973747265616d2f312e302e300a112f697066732f70696e672f312e302e300a"),
        pieces({"\x13/multistream/1.0.0\n\x11/ipfs/ping/1.0.0\n"})
    );
}

TEST(WebRtcFrame, PayloadComesBeforeTheFlag) {
    EXPECT_EQ(
        read_hex("0608001202"
                 "6162"),
        pieces({"ab", "FIN"})
    );
    EXPECT_EQ(
        read_hex("0612026162"
                 "0800"),
        pieces({"ab", "FIN"})
    );
}

TEST(WebRtcFrame, EmptyMessagesAndFramesMeanNothing) {
    EXPECT_EQ(read_hex("00"), pieces({}));
    EXPECT_EQ(read_hex("021200"), pieces({}));
    EXPECT_EQ(read_hex("0408001200"), pieces({"FIN"})) << "as smoldot writes it";
    EXPECT_EQ(read_hex("0408031200"), pieces({"FIN_ACK"}));
    EXPECT_EQ(read_hex("0412000800"), pieces({"FIN"}));
}

TEST(WebRtcFrame, SkipsWhatItDoesNotKnow) {
    EXPECT_EQ(read_hex("020809"), pieces({})) << "flag 9";
    EXPECT_EQ(read_hex("0408001801"), pieces({"FIN"})) << "go's error code";
    EXPECT_EQ(
        read_hex("0b0802188020"
                 "1204"
                 "61626364"),
        pieces({"abcd", "RESET"})
    ) << "field 3 between the two";
    EXPECT_EQ(
        read_hex("0b"
                 "190000000000000000"
                 "0800"),
        pieces({"FIN"})
    ) << "fixed 64";
    EXPECT_EQ(
        read_hex("07"
                 "1d00000000"
                 "0800"),
        pieces({"FIN"})
    ) << "fixed 32";
    EXPECT_EQ(
        read_hex("07"
                 "1a03616263"
                 "0800"),
        pieces({"FIN"})
    ) << "octets";
    EXPECT_EQ(
        read_hex("05"
                 "0a01ff"
                 "0800"),
        pieces({"FIN"})
    ) << "the flag's field with another type";
    EXPECT_EQ(
        read_hex("04"
                 "1005"
                 "0800"),
        pieces({"FIN"})
    ) << "the payload's field with another type";
    EXPECT_EQ(
        read_hex("04"
                 "08000809"),
        pieces({"FIN"})
    ) << "an unknown flag does not take a known one back";
    EXPECT_EQ(
        read_hex("04"
                 "08000802"),
        pieces({"RESET"})
    ) << "the last one counts";
    EXPECT_EQ(
        read_hex("06"
                 "088180808010"),
        pieces({"STOP_SENDING"})
    ) << "2^32 + 1, cut as protobuf does";
}

TEST(WebRtcFrame, RefusesLengths) {
    EXPECT_EQ(read_hex("8000"), refused(DecodeErrc::not_minimal));
    EXPECT_EQ(read_hex("82808000"), refused(DecodeErrc::not_minimal));
    EXPECT_EQ(read_hex("80808080808080808080"), refused(DecodeErrc::out_of_range));
    EXPECT_EQ(read_hex("ffffffffffffffffff01"), refused(DecodeErrc::too_long));
    EXPECT_EQ(read_hex("808880808001"), refused(DecodeErrc::too_long));
    EXPECT_EQ(read_hex("07120568656c6c6fffffff"), refused(DecodeErrc::too_long, {"hello"}));

    FrameReader reader;
    auto input = ByteView();
    const auto too_long = unhex("818810");  // 257 KiB + 1
    input = too_long;
    EXPECT_EQ(reader.next(input).error(), make_error_code(DecodeErrc::too_long));
    EXPECT_NE(reader.problem().find("263168"), std::string::npos) << reader.problem();
    EXPECT_NE(reader.problem().find("263169"), std::string::npos) << reader.problem();
    const auto fine = unhex("020800");
    input = fine;
    EXPECT_EQ(reader.next(input).error(), make_error_code(DecodeErrc::too_long)) << "no way back";
}

TEST(WebRtcFrame, RefusesBrokenMessages) {
    for (const auto* text : {
             "0100",  // field 0
             "0108",  // the flag is missing
             "0188"
             "00",  // the frame ends in a tag
             "020880"
             "00",  // in a flag
             "03120261"
             "62",        // in the payload
             "0212ff01",  // in a length
             "03190000",  // in a number of 64 bits
             "031d0000",  // in a number of 32 bits
             "021b1c",    // a group
             "020b0c",    // a group
             "020e00",    // wire types 6 and 7
             "020f00",
             "061201611201"
             "62",  // two payloads
             "0b0880808080808080808080"
             "01",  // a number of 11 octets
             "07888080808001"
             "00",  // a tag of more than 32 bits
         }) {
        const auto got = read_hex(text);
        ASSERT_TRUE(got.error) << text;
        EXPECT_EQ(*got.error, make_error_code(DecodeErrc::malformed)) << text;
    }
    EXPECT_NE(FrameReader().problem(), "");
}

TEST(WebRtcFrame, ReadsAnySlices) {
    const auto octets = frame("hello") + frame("", Flag::stop_sending) + unhex("00") +
                        unhex(
                            "0612026162"
                            "0800"
                        ) +
                        frame(std::string(300, 'x'), Flag::fin_ack) + unhex("0408001801") + unhex("021200");
    const auto whole = read_whole(octets);
    ASSERT_FALSE(whole.error);
    EXPECT_EQ(whole.list.size(), 7U);
    for (std::size_t slice = 1; slice < octets.size(); ++slice) {
        FrameReader reader;
        EXPECT_EQ(read(reader, octets, slice), whole) << slice;
        EXPECT_TRUE(reader.is_between_frames());
    }
    for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
        FrameReader reader;
        auto first = read(reader, ByteView(octets).first(cut), octets.size());
        const auto second = read(reader, ByteView(octets).subspan(cut), octets.size());
        EXPECT_FALSE(first.error || second.error);
        EXPECT_TRUE(reader.is_between_frames());
    }
}

TEST(WebRtcFrame, KnowsWhetherAFrameIsUnfinished) {
    const auto octets = unhex("07120568656c6c6f");
    FrameReader reader;
    EXPECT_TRUE(reader.is_between_frames());
    for (std::size_t i = 0; i + 1 < octets.size(); ++i) {
        auto input = ByteView(octets).subspan(i, 1);
        ASSERT_TRUE(reader.next(input).has_value());
        EXPECT_FALSE(reader.is_between_frames()) << i;
    }
    const auto half_length = unhex("81");
    FrameReader second;
    ByteView input = half_length;
    ASSERT_TRUE(second.next(input).has_value());
    EXPECT_FALSE(second.is_between_frames());
}

TEST(WebRtcFrame, ReadsManyFramesOfOneSctpMessage) {
    Bytes octets;
    for (int i = 0; i < 100; ++i) {
        octets = octets + frame("x", Flag::fin);
    }
    EXPECT_EQ(read_whole(octets).list.size(), 200U);
}

TEST(WebRtcFrame, ReadsFramesUpToTheLimit) {
    // Up to 257 KiB behind the prefix: litep2p sends payload of 16 384, go accepts so much.
    for (const std::size_t size : {std::size_t{16'377}, std::size_t{16'384}, kMaxFrameReceived - 4}) {
        Bytes octets;
        proto::append_varint(octets, 1 + proto::varint_size(size) + size);
        octets.push_back(0x12);
        proto::append_varint(octets, size);
        octets.resize(octets.size() + size, 'p');
        EXPECT_EQ(read_whole(octets), pieces({std::string(size, 'p')})) << size;
    }
}

}  // namespace
}  // namespace libp2p::webrtc
