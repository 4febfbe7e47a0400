// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/byte_stream.hpp"

#include "proto/varint.hpp"

#include <algorithm>
#include <array>

namespace libp2p {
namespace {

/// A message that comes in pieces is read in steps of at least so much, and of what has arrived already.
constexpr std::size_t kFirstStep = 4096;

Error too_long(std::size_t limit) {
    return Error(Errc::protocol_violation, "a message of more than " + std::to_string(limit) + " octets");
}

/// The end of a byte stream in the middle of something.
Error cut_short(Error error) {
    if (error == asio::error::make_error_code(asio::error::eof)) {
        return Error(Errc::protocol_violation, "the remote closed in the middle of a message");
    }
    return error;
}

}  // namespace

awaitable<result<void>> write(ByteStream& to, ByteView bytes) {
    auto written = co_await to.write(std::span(&bytes, 1));
    co_return written;
}

awaitable<result<void>> read_exactly(ByteStream& from, MutableByteView into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        auto got = co_await from.read_some(into.subspan(filled));
        if (!got) {
            co_return filled == 0 ? got.error() : cut_short(got.error());
        }
        filled += *got;
    }
    co_return ok();
}

awaitable<result<Bytes>> read_delimited(ByteStream& from, std::size_t limit) {
    std::uint64_t length = 0;
    unsigned shift = 0;
    for (std::uint8_t octet = 0x80; octet >= 0x80; shift += 7) {
        // Each octet that announces another one says that the message has at least 2^shift octets.
        if (shift == 7 * proto::kMaxVarintSize || (shift > 0 && std::uint64_t{1} << shift > limit)) {
            co_return too_long(limit);
        }
        auto got = co_await from.read_some(std::span(&octet, 1));
        if (!got) {
            co_return shift == 0 ? got.error() : cut_short(got.error());
        }
        if (octet == 0 && shift > 0) {
            co_return Error(Errc::protocol_violation, "a length that is not in its shortest form");
        }
        length |= std::uint64_t{octet & 0x7fU} << shift;
    }
    if (length > limit) {
        co_return too_long(limit);
    }
    Bytes message;
    while (message.size() < length) {
        const auto filled = message.size();
        const auto step = std::min<std::uint64_t>(length - filled, std::max(filled, kFirstStep));
        message.resize(filled + static_cast<std::size_t>(step));
        auto got = co_await read_exactly(from, std::span(message).subspan(filled));
        if (!got) {
            co_return cut_short(got.error());
        }
    }
    co_return std::move(message);
}

awaitable<result<void>> write_delimited(ByteStream& to, ByteView message) {
    std::array<std::uint8_t, proto::kMaxVarintSize> prefix;
    const auto size = proto::encode_varint(message.size(), prefix);
    const std::array<ByteView, 2> parts = {ByteView(prefix.data(), size), message};
    auto written = co_await to.write(parts);
    co_return written;
}

}  // namespace libp2p
