// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/unit/hex.hpp"
#include "transports/webrtc/stun_message.hpp"

#include <string>
#include <string_view>

/// Requests of a dialer with user name fragment "AbCd" and the password below, sent from 192.0.2.7:40000, and the
/// answers; made with an independent implementation of HMAC-SHA1 and CRC-32.
namespace libp2p::webrtc::vectors {

inline constexpr std::string_view kPassword = "abcdefghijklmnopqrstuvwx";
inline constexpr std::string_view kUfrag = "AbCd";
inline constexpr std::string_view kV1Text = "libp2p+webrtc+v1/abcdefghijklmnopqrstuvwx";
inline constexpr std::string_view kV2Text = "libp2p+webrtc+v2/abcdefghijklmnopqrstuvwx";

inline constexpr std::string_view kV2Request =
    "0001006c2112a4420102030405060708090a0b0c0006002e6c69627032702b7765627274632b76322f6162636465666768696a6b6c6d6e6f70"
    "71"
    "727374757677783a416243640000002400046e7f1eff802a0008000102030405060700250000000800148d759062d6a2527455366f0ab5be96"
    "89"
    "22e4419980280004dfdc77de";
inline constexpr std::string_view kV2Response =
    "0101002c2112a4420102030405060708090a0b0c002000080001bd52e112a64500080014632327965d4217355f483f7e4abb4383ed81943c80"
    "28"
    "0004d22530b7";
inline constexpr std::string_view kV1Request =
    "000100902112a4420102030405060708090a0b0c000600536c69627032702b7765627274632b76312f6162636465666768696a6b6c6d6e6f70"
    "71"
    "727374757677783a6c69627032702b7765627274632b76312f6162636465666768696a6b6c6d6e6f707172737475767778000024"
    "00046e7f1eff802a000800010203040506070025000000080014b1a4c4722881e571e2cc43161aef0ba38897595d802800048216c2dd";
inline constexpr std::string_view kV1Response =
    "0101002c2112a4420102030405060708090a0b0c002000080001bd52e112a645000800144055ee3978f6686a6aeb502c5c6771a078baf1a980"
    "28"
    "000470675e7c";

inline constexpr TransactionId kTransaction{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

inline Endpoint source() {
    return {boost::asio::ip::make_address("192.0.2.7"), 40'000};
}

inline BindingRequest request(std::string_view username) {
    BindingRequest made;
    made.transaction = kTransaction;
    made.username = username;
    made.priority = 0x6e7f1eff;
    made.role = IceRole::controlling;
    made.tie_breaker = 0x0001020304050607;
    made.use_candidate = true;
    return made;
}

}  // namespace libp2p::webrtc::vectors
