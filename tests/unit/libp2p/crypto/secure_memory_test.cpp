// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/secure_memory.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <type_traits>

namespace libp2p::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<Secret32> && !std::is_copy_assignable_v<Secret32>);
static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);

Secret32 sevens() {
    Secret32 secret;
    std::fill(secret.writable().begin(), secret.writable().end(), std::uint8_t{7});
    return secret;
}

bool all_are(ByteView bytes, std::uint8_t value) {
    return std::all_of(bytes.begin(), bytes.end(), [value](std::uint8_t octet) { return octet == value; });
}

TEST(SecureMemory, WipesToZeros) {
    Bytes bytes(100, 0xee);
    secure_wipe(bytes);
    EXPECT_TRUE(all_are(bytes, 0));
    secure_wipe({});
}

TEST(SecureMemory, ComparesContentAndLength) {
    const Bytes a{1, 2, 3};
    EXPECT_TRUE(constant_time_equal(a, Bytes{1, 2, 3}));
    EXPECT_FALSE(constant_time_equal(a, Bytes{1, 2, 4}));
    EXPECT_FALSE(constant_time_equal(a, Bytes{1, 2}));
    EXPECT_FALSE(constant_time_equal({}, a));
    EXPECT_TRUE(constant_time_equal({}, {}));
}

TEST(SecretArray, StartsAsZerosAndIsCopiedOnlyByName) {
    EXPECT_TRUE(all_are(Secret32().view(), 0));
    const auto secret = sevens();
    const auto copy = secret.clone();
    EXPECT_TRUE(all_are(copy.view(), 7));
    EXPECT_TRUE(all_are(secret.view(), 7));
}

TEST(SecretArray, IsWipedWhenItIsMovedFrom) {
    auto secret = sevens();
    auto moved = std::move(secret);
    EXPECT_TRUE(all_are(secret.view(), 0));  // NOLINT(bugprone-use-after-move)
    Secret32 assigned;
    assigned = std::move(moved);
    EXPECT_TRUE(all_are(moved.view(), 0));  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(all_are(assigned.view(), 7));
}

TEST(SecretArray, IsWipedWhenItDies) {
    // The octets outlive the object in a buffer of ours, and are read without the compiler knowing that they do not
    // change.
    alignas(Secret32) volatile std::uint8_t storage[sizeof(Secret32)] = {};
    auto* secret = ::new (const_cast<std::uint8_t*>(storage)) Secret32(sevens());
    EXPECT_EQ(storage[0], 7);
    std::destroy_at(secret);
    for (const volatile auto& octet : storage) {
        EXPECT_EQ(octet, 0);
    }
}

TEST(SecretBytes, MovesItsOctetsAndCopiesThemOnlyByName) {
    SecretBytes secret(Bytes(10, 7));
    auto moved = std::move(secret);
    EXPECT_EQ(secret.size(), 0U);  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(all_are(moved.view(), 7));
    EXPECT_EQ(moved.size(), 10U);
    auto copy = moved.clone();
    copy.writable()[0] = 1;
    EXPECT_TRUE(all_are(moved.view(), 7));
    moved = std::move(copy);
    EXPECT_EQ(moved.view()[0], 1);
    EXPECT_TRUE(all_are(SecretBytes(5).view(), 0));
}

}  // namespace
}  // namespace libp2p::crypto
