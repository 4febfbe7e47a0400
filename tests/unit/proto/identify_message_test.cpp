// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/identify_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::identify {
namespace {

using tests::hex;
using tests::unhex;

Message full() {
    Message message;
    message.public_key = unhex("0801");
    message.listen_addresses = {unhex("047f000001"), unhex("290000")};
    message.protocols = {"/a", "/b/1.0.0"};
    message.observed_address = unhex("0401020304");
    message.protocol_version = "ipfs/0.1.0";
    message.agent_version = "agent";
    message.signed_peer_record = unhex("0a0b0c");
    return message;
}

TEST(IdentifyMessage, HasTheFieldNumbersOfTheSpecification) {
    EXPECT_EQ(
        hex(encode(full())),
        "0a020801"                  // 1 publicKey
        "1205047f000001"            // 2 listenAddrs
        "1203290000"                //
        "1a022f61"                  // 3 protocols
        "1a082f622f312e302e30"      //
        "22050401020304"            // 4 observedAddr
        "2a0a697066732f302e312e30"  // 5 protocolVersion
        "32056167656e74"            // 6 agentVersion
        "42030a0b0c"
    );  // 8 signedPeerRecord
}

TEST(IdentifyMessage, ReadsWhatItWrote) {
    EXPECT_EQ(decode(encode(full())), full());
    EXPECT_EQ(decode(encode(Message())), Message());
    EXPECT_EQ(encoded_size(full()), encode(full()).size());
}

TEST(IdentifyMessage, TellsAbsentFromEmpty) {
    const auto empty_agent = decode(unhex("3200"));
    ASSERT_TRUE(empty_agent);
    EXPECT_EQ(empty_agent->agent_version, "");
    EXPECT_FALSE(empty_agent->protocol_version);
    EXPECT_FALSE(empty_agent->public_key);
}

TEST(IdentifyMessage, SkipsUnknownFields) {
    const auto message =
        decode(unhex("3a03010203"
                     "32056167656e74"
                     "f80101"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->agent_version, "agent");
}

TEST(IdentifyMessage, RefusesWhatIsNoMessage) {
    EXPECT_FALSE(decode(unhex("0aff01")));                  // a length past the end
    EXPECT_FALSE(decode(unhex("0affffffffffffffffff01")));  // a length of 2^64 - 1
    EXPECT_FALSE(decode(unhex("0a")));
    EXPECT_FALSE(decode(unhex("ffffffffffffffffffffff01")));
}

TEST(IdentifyMessage, RefusesMoreThanItsBound) {
    Message message;
    message.agent_version = std::string(kMaxReceivedMessageSize - 3, 'x');
    ASSERT_EQ(encode(message).size(), kMaxReceivedMessageSize);
    EXPECT_TRUE(decode(encode(message)));
    message.agent_version->push_back('x');
    EXPECT_FALSE(decode(encode(message)));
}

}  // namespace
}  // namespace libp2p::identify
