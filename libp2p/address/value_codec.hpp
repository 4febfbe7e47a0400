// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/multiaddr_protocol.hpp>

#include <string>
#include <string_view>

namespace libp2p::address {

/// The value that stands for `text` in an address, in binary and without a length in front. `protocol` has a value.
/// Fails with `Errc::invalid_address`; the detail is a clause that says what is wrong with the value ("'x' is not a
/// number").
result<Bytes> value_from_text(Protocol protocol, std::string_view text);

/// Whether `value`, whose length is right where the protocol fixes it, is one that `value_from_text` could have made.
/// Fails like it.
result<void> check_value(Protocol protocol, ByteView value);

/// The normal text of `value`, which is one that `check_value` accepts.
std::string value_to_text(Protocol protocol, ByteView value);

}  // namespace libp2p::address
