// SPDX-License-Identifier: MIT OR Apache-2.0

// A Noise channel whose remote knows the key and misuses everything else. The input is a list of commands: seal a
// message of some size, put raw octets, cut, repeat; how the reader reads is chosen by the first octet. Octets that
// were sealed in order arrive in order, whatever their cut; after the first wrong message nothing arrives.

#include "security/noise/noise_channel.hpp"
#include "tests/fuzz/fuzz_stream.hpp"

namespace {

using namespace libp2p;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Script {
    Bytes wire;
    Bytes expected;  // what the reader is to see, and nothing else
    bool honest = true;
};

Script make_script(ByteView commands, const crypto::Secret32& key) {
    Script script;
    noise::CipherState cipher(key);
    std::uint8_t next = 0;
    while (commands.size() >= 2 && script.wire.size() < 200'000) {
        const auto command = commands[0] % 8;
        const auto amount = commands[1];
        commands = commands.subspan(2);
        if (command < 5) {  // a message: empty, small, or up to the largest
            const std::size_t sizes[] = {
                0, amount, amount * std::size_t{17}, amount * std::size_t{257} % 65'520, 65'519
            };
            Bytes text(sizes[command]);
            for (auto& octet : text) {
                octet = next++;
            }
            Bytes frame(noise::kLengthSize + text.size() + noise::kTagSize);
            require(cipher.seal({}, text, MutableByteView(frame).subspan(noise::kLengthSize)));
            const auto length = frame.size() - noise::kLengthSize;
            frame[0] = static_cast<std::uint8_t>(length / 256);
            frame[1] = static_cast<std::uint8_t>(length % 256);
            script.wire.insert(script.wire.end(), frame.begin(), frame.end());
            if (script.honest) {
                script.expected.insert(script.expected.end(), text.begin(), text.end());
            }
        } else if (command == 5) {  // octets that nobody sealed
            const auto raw = commands.first(std::min<std::size_t>(amount, commands.size()));
            commands = commands.subspan(raw.size());
            script.honest = script.honest && raw.empty();
            script.wire.insert(script.wire.end(), raw.begin(), raw.end());
        } else if (command == 6 && script.honest) {  // a message of the wrong key
            noise::CipherState other{crypto::Secret32()};
            Bytes frame(noise::kLengthSize + noise::kTagSize + amount);
            frame[1] = static_cast<std::uint8_t>((noise::kTagSize + amount) % 256);
            frame[0] = static_cast<std::uint8_t>((noise::kTagSize + amount) / 256);
            require(other.seal({}, Bytes(amount), MutableByteView(frame).subspan(noise::kLengthSize)));
            script.honest = false;
            script.wire.insert(script.wire.end(), frame.begin(), frame.end());
        }
    }
    return script;
}

const Identity& identity() {
    static const auto identity = Identity::generate();
    return identity;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const auto mode = data[0];
    Bytes octets(32, 7);
    const crypto::Secret32 key{std::span<const std::uint8_t, 32>(octets)};
    const auto script = make_script(ByteView(data + 2, size - 2), key);
    const auto early = std::min<std::size_t>(data[1], script.wire.size());
    const std::size_t smallest = script.wire.size() < 20'000 ? 1 : 99;  // octet by octet takes its time
    const std::size_t max_read = mode / 4 % 4 == 0 ? 1'000'000 : smallest + mode / 16 * std::size_t{997};
    fuzz::run([&](asio::any_io_executor executor) -> awaitable<void> {
        std::unique_ptr<ByteStream> raw;
        const auto wire = ByteView(script.wire).subspan(early);
        if (mode % 2 == 0) {
            raw = std::make_unique<fuzz::FuzzStream>(executor, wire, max_read);
        } else {
            raw = std::make_unique<fuzz::ReadableFuzzStream>(executor, wire, max_read);
        }
        noise::Session session{
            noise::CipherState(key), noise::CipherState(key), identity().public_key(), identity().peer_id(), ""
        };
        noise::NoiseChannel channel(std::move(raw), std::move(session), ByteView(script.wire).first(early));
        Bytes received;
        Bytes into(1U + mode);
        for (;;) {
            if (mode / 2 % 2 == 0 || received.size() % 3 == 0) {
                auto chunk = co_await channel.read_chunk();
                if (!chunk) {
                    const bool at_end = chunk.error() == asio::error::make_error_code(asio::error::eof);
                    require(!script.honest || at_end);
                    break;
                }
                require(!chunk->empty());
                received.insert(received.end(), chunk->begin(), chunk->end());
            } else {
                auto got = co_await channel.read_some(into);
                if (!got) {
                    break;
                }
                require(*got > 0);
                received.insert(received.end(), into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*got));
            }
        }
        require(received == script.expected);
    });
    return 0;
}
