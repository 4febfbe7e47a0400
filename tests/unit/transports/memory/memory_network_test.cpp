// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_network.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/transports.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace libp2p {
namespace {

const error_code kInUse = asio::error::make_error_code(asio::error::address_in_use);
const error_code kRefused = asio::error::make_error_code(asio::error::connection_refused);

Multiaddr parse(std::string_view text) {
    return Multiaddr::parse(text).value();
}

TEST(MemoryAddress, IsExactlyOneComponent) {
    EXPECT_EQ(memory::number_of(parse("/memory/1")), 1U);
    EXPECT_EQ(memory::number_of(parse("/memory/0")), 0U);
    EXPECT_EQ(memory::number_of(parse("/memory/18446744073709551615")), 18446744073709551615U);
    EXPECT_FALSE(memory::number_of(parse("/ip4/127.0.0.1/tcp/1")));
    EXPECT_FALSE(memory::number_of(parse("/memory/1/memory/2")));
    EXPECT_FALSE(memory::number_of(parse("/memory/1/ws")));
    EXPECT_EQ(memory::to_multiaddr(0x0102030405060708), parse("/memory/72623859790382856"));
}

class Network : public testing::Test {
protected:
    result<std::unique_ptr<MemoryNetwork::Door>> bind(std::uint64_t number) {
        return MemoryNetwork::bind(network_, loop_.executor(), number);
    }

    conformance::Loop loop_;
    std::shared_ptr<MemoryNetwork> network_ = make_memory_network();
};

TEST_F(Network, ANumberIsBoundOnceAtATime) {
    auto first = bind(5);
    ASSERT_TRUE(first);
    auto second = bind(5);
    LIBP2P_EXPECT_ERROR(second, kInUse);
    first->reset();
    second = bind(5);
    LIBP2P_EXPECT_OK(second);
}

TEST_F(Network, ZeroPicksFreeNumbers) {
    auto taken = bind(1);
    auto first = bind(0);
    auto second = bind(0);
    ASSERT_TRUE(first && second);
    EXPECT_EQ((*first)->number(), 2U);
    EXPECT_EQ((*second)->number(), 3U);
}

TEST_F(Network, NobodyAtANumberIsARefusal) {
    auto refused = network_->connect(loop_.executor(), 9, 5);
    LIBP2P_EXPECT_ERROR(refused, kRefused);
    {
        auto gone = bind(5);
    }
    refused = network_->connect(loop_.executor(), 9, 5);
    LIBP2P_EXPECT_ERROR(refused, kRefused);
}

TEST_F(Network, AFullBacklogIsARefusal) {
    auto door = bind(5);
    ASSERT_TRUE(door);
    std::vector<std::unique_ptr<ByteStream>> dialled;
    for (std::size_t i = 0; i < MemoryNetwork::kBacklog; ++i) {
        auto stream = network_->connect(loop_.executor(), network_->next_free_number(), 5);
        ASSERT_TRUE(stream);
        dialled.push_back(std::move(*stream));
    }
    auto refused = network_->connect(loop_.executor(), network_->next_free_number(), 5);
    LIBP2P_EXPECT_ERROR(refused, kRefused);
    EXPECT_EQ((*door)->arrivals().size(), MemoryNetwork::kBacklog);
    (*door)->arrivals().pop_front();
    auto next = network_->connect(loop_.executor(), network_->next_free_number(), 5);
    LIBP2P_EXPECT_OK(next);
}

TEST_F(Network, WhatWaitsAtADoorEndsWithIt) {
    auto door = bind(5);
    ASSERT_TRUE(door);
    auto stream = network_->connect(loop_.executor(), 9, 5);
    ASSERT_TRUE(stream);
    door->reset();
    auto test = [&]() -> awaitable<void> {
        Bytes into(1);
        auto got = co_await (*stream)->read_some(into);
        LIBP2P_EXPECT_ERROR(got, asio::error::make_error_code(asio::error::connection_reset));
    };
    loop_.run(test());
}

TEST_F(Network, NetworksDoNotMeet) {
    auto door = bind(5);
    ASSERT_TRUE(door);
    auto other = make_memory_network();
    auto refused = other->connect(loop_.executor(), 9, 5);
    LIBP2P_EXPECT_ERROR(refused, kRefused);
}

}  // namespace
}  // namespace libp2p
