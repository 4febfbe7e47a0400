// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/perf.hpp"

#include "libp2p/protocols/internal/transfer_buffer.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace libp2p::perf {
namespace {

using Clock = std::chrono::steady_clock;
using Count = std::array<std::uint8_t, 8>;

/// What is sent: one block in the processor's cache, several times in one write.
constexpr std::size_t kBlockSize = 64 * 1024;
constexpr std::size_t kBlocksAtOnce = 4;
const std::array<std::uint8_t, kBlockSize> kBlock{};

constexpr std::size_t kReadSize = 256 * 1024;

/// The remote's end comes when it has nothing more to send.
constexpr auto kUntilEnd = std::numeric_limits<std::uint64_t>::max();

Count encode_count(std::uint64_t value) noexcept {
    Count octets;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        octets[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    }
    return octets;
}

std::uint64_t decode_count(const Count& octets) noexcept {
    std::uint64_t value = 0;
    for (auto octet : octets) {
        value = value << 8 | octet;
    }
    return value;
}

bool is_eof(const Error& error) noexcept {
    return error == asio::error::make_error_code(asio::error::eof);
}

/// The blocks of one write; at most `left` octets.
class Blocks {
public:
    explicit Blocks(std::uint64_t left) noexcept {
        while (count_ < views_.size() && size_ < left) {
            const auto size = std::min<std::uint64_t>(left - size_, kBlockSize);
            views_[count_++] = ByteView(kBlock).first(static_cast<std::size_t>(size));
            size_ += size;
        }
    }

    std::span<const ByteView> views() const noexcept { return std::span(views_).first(count_); }
    std::uint64_t size() const noexcept { return size_; }

private:
    std::array<ByteView, kBlocksAtOnce> views_;
    std::size_t count_ = 0;
    std::uint64_t size_ = 0;
};

/// Sends `total` octets; `after_block(sent)` is called between the blocks.
template <class AfterBlock>
awaitable<result<void>> send(Stream& stream, std::uint64_t total, AfterBlock after_block) {
    std::uint64_t sent = 0;
    while (sent < total) {
        Blocks blocks(total - sent);
        auto written = co_await stream.write(blocks.views());
        if (!written) {
            co_return written.error();
        }
        sent += blocks.size();
        after_block(sent);
    }
    co_return ok();
}

/// Takes and forgets `total` octets, or all until the remote's end.
awaitable<result<void>> drain(Stream& stream, std::uint64_t total) {
    protocols::TransferBuffer buffer(stream);
    while (total > 0) {
        stream.expires_after(kIdle);
        auto into = buffer.view();
        if (into.size() > total) {
            into = into.first(static_cast<std::size_t>(total));
        }
        auto got = co_await stream.read_some(into);
        if (!got) {
            if (total == kUntilEnd && is_eof(got.error())) {
                co_return ok();
            }
            co_return got.error();
        }
        if (total != kUntilEnd) {
            total -= *got;
        }
        buffer.on_read(*got);
    }
    co_return ok();
}

awaitable<result<std::uint64_t>> read_count(Stream& stream) {
    stream.expires_after(kIdle);
    Count octets;
    auto got = co_await read_exactly(stream, octets);
    if (!got) {
        co_return got.error();
    }
    co_return decode_count(octets);
}

/// The answer of either form.
awaitable<void> send_download(Stream& stream, std::uint64_t download) {
    stream.expires_after(kIdle);
    auto sent = co_await send(stream, download, [&stream](std::uint64_t) { stream.expires_after(kIdle); });
    if (sent) {
        auto closed = co_await stream.close_write();
        (void)closed;  // the remote counts what came
    }
}

awaitable<result<void>> send_upload(
    Stream& stream, std::uint64_t upload, std::uint64_t download, bool litep2p, const Progress& progress
) {
    const auto first_count = encode_count(litep2p ? upload : download);
    auto begun = co_await write(stream, first_count);
    if (!begun) {
        co_return begun.error();
    }
    auto report = [&progress](std::uint64_t sent) {
        if (progress) {
            progress(sent, 0);
        }
    };
    auto sent = co_await send(stream, upload, report);
    if (!sent) {
        co_return sent.error();
    }
    if (litep2p) {
        const auto second_count = encode_count(download);
        auto asked = co_await write(stream, second_count);
        if (!asked) {
            co_return asked.error();
        }
    }
    co_return co_await stream.close_write();
}

}  // namespace

awaitable<void> serve(std::unique_ptr<Stream> stream) {
    auto download = co_await read_count(*stream);
    if (!download) {
        co_return;
    }
    auto drained = co_await drain(*stream, kUntilEnd);
    if (!drained) {
        co_return;
    }
    co_await send_download(*stream, *download);
}

awaitable<void> serve_litep2p(std::unique_ptr<Stream> stream) {
    auto upload = co_await read_count(*stream);
    if (!upload) {
        co_return;
    }
    auto drained = co_await drain(*stream, *upload);
    if (!drained) {
        co_return;
    }
    auto download = co_await read_count(*stream);
    if (!download) {
        co_return;
    }
    co_await send_download(*stream, *download);
}

awaitable<result<Measurement>> measure(
    Stream& stream, std::uint64_t upload, std::uint64_t download, const Progress& progress
) {
    const auto start = Clock::now();
    const bool litep2p = stream.protocol() == kLitep2pProtocol;
    auto uploaded = co_await send_upload(stream, upload, download, litep2p, progress);
    if (!uploaded) {
        co_return uploaded.error();
    }
    auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(kReadSize);
    const MutableByteView into(buffer.get(), kReadSize);
    std::uint64_t received = 0;
    auto first = Clock::time_point::max();
    for (;;) {
        auto got = co_await stream.read_some(into);
        first = std::min(first, Clock::now());
        if (!got && !is_eof(got.error())) {
            co_return got.error();
        }
        if (!got) {
            break;
        }
        received += *got;
        if (received > download) {
            break;
        }
        if (progress) {
            progress(upload, received);
        }
    }
    const auto end = Clock::now();
    if (received != download) {
        co_return Error(
            Errc::protocol_violation,
            "asked for " + std::to_string(download) + " octets, got " +
                (received > download ? "more" : std::to_string(received))
        );
    }
    Measurement measured;
    measured.upload_bytes = upload;
    measured.upload = first - start;
    measured.download_bytes = received;
    measured.download = end - first;
    co_return measured;
}

}  // namespace libp2p::perf
