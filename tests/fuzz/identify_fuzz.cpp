// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/identify.hpp"
#include "proto/identify_message.hpp"
#include "tests/fuzz/fuzz_stream.hpp"

#include <libp2p/keys.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cstdlib>

using namespace libp2p;

namespace {

/// A FuzzStream that is a stream of a connection.
class Remote final : public Stream {
public:
    Remote(
        asio::any_io_executor executor, std::shared_ptr<const ConnectionInfo> info, ByteView input, std::size_t max_read
    )
        : Stream(Direction::inbound, std::move(info)), bytes_(std::move(executor), input, max_read) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override { return bytes_.read_some(into); }
    awaitable<result<void>> write(std::span<const ByteView> buffers) override { return bytes_.write(buffers); }
    awaitable<result<void>> close_write() override { return bytes_.close_write(); }
    void abort(StreamErrorCode) noexcept override { bytes_.abort(); }
    void expires_at(std::chrono::steady_clock::time_point) noexcept override {}
    std::optional<StreamErrorCode> remote_error() const noexcept override { return std::nullopt; }
    std::uint64_t id() const noexcept override { return 0; }
    asio::any_io_executor executor() const noexcept override { return bytes_.executor(); }

private:
    fuzz::FuzzStream bytes_;
};

/// The peer that made the signed record of the corpus (libp2p specs, test vectors of go).
constexpr std::array<std::uint8_t, 32> kPeerKey{0x11, 0xbb, 0xa3, 0xed, 0x17, 0x21, 0x94, 0x8c, 0xef, 0xb4, 0xe5,
                                                0x0b, 0x0a, 0x0b, 0xb5, 0xca, 0xd8, 0xa6, 0xb5, 0x2d, 0xc7, 0xb1,
                                                0xa4, 0x0f, 0x4f, 0x66, 0x52, 0x10, 0x5c, 0x91, 0xe2, 0xc4};

const std::shared_ptr<const ConnectionInfo>& connection() {
    static const auto info = [] {
        const auto key = PublicKey::from_raw(KeyType::ed25519, kPeerKey).value();
        const auto address = Multiaddr::parse("/memory/1").value();
        return std::make_shared<const ConnectionInfo>(ConnectionInfo{
            ConnectionId{1},
            Direction::inbound,
            key.peer_id(),
            key,
            address,
            address,
            "memory",
            "",
            "",
            false,
            std::chrono::steady_clock::time_point()
        });
    }();
    return info;
}

void check(const identify::Received& received) {
    const bool bounded = (!received.protocols || received.protocols->size() <= identify::kMaxProtocols) &&
                         (!received.addresses || received.addresses->size() <= identify::kMaxAddresses) &&
                         (!received.agent || received.agent->size() <= kMaxAgentSize) &&
                         received.certified != received.signed_peer_record.empty();
    if (!bounded) {
        std::abort();
    }
}

awaitable<void> receive(Remote& stream) {
    auto received = co_await identify::receive(stream, stream.connection());
    if (received) {
        check(*received);
    }
}

}  // namespace

/// What a peer sends on an identify stream, and one message by itself: what is read is the same after it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    if (const auto message = identify::decode(in)) {
        const auto octets = encode(*message);
        const auto again = octets.size() <= identify::kMaxReceivedMessageSize ? identify::decode(octets) : message;
        if (again != message || octets.size() != encoded_size(*message)) {
            std::abort();
        }
    }
    asio::io_context io(1);
    Remote stream(io.get_executor(), connection(), in, size % 7 == 0 ? 1 : size + 1);
    asio::co_spawn(io, receive(stream), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    return 0;
}
