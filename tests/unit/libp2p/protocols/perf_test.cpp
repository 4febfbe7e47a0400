// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/perf.hpp"

#include "tests/support/heap.hpp"
#include "tests/unit/libp2p/protocols/stream_pair.hpp"

#include <libp2p/limits.hpp>

#include <limits>
#include <optional>

namespace libp2p {
namespace {

using test::StreamPair;

struct Form {
    ProtocolId protocol;
    awaitable<void> (*serve)(std::unique_ptr<Stream>);
};

class Perf : public testing::TestWithParam<Form> {
protected:
    Perf() : pair(GetParam().protocol) {}

    std::optional<result<perf::Measurement>> measure(
        std::uint64_t upload, std::uint64_t download, const perf::Progress& progress = {}
    ) {
        std::optional<result<perf::Measurement>> measured;
        auto client = [&]() -> awaitable<void> {
            measured = co_await perf::measure(*pair.left, upload, download, progress);
        };
        pair.spawn(client());
        pair.run();
        return measured;
    }

    StreamPair pair;
};

TEST_P(Perf, MovesWhatWasAskedForBothWays) {
    pair.spawn(GetParam().serve(std::move(pair.right)));
    auto measured = measure(1'234'567, 7'654'321);
    ASSERT_TRUE(measured.has_value() && *measured);
    EXPECT_EQ((*measured)->upload_bytes, 1'234'567U);
    EXPECT_EQ((*measured)->download_bytes, 7'654'321U);
    EXPECT_GE((*measured)->upload.count(), 0);
    EXPECT_GT((*measured)->download.count(), 0);
}

TEST_P(Perf, MovesNothingWhenNothingIsAskedFor) {
    pair.spawn(GetParam().serve(std::move(pair.right)));
    auto measured = measure(0, 0);
    ASSERT_TRUE(measured.has_value() && *measured);
    EXPECT_EQ((*measured)->download_bytes, 0U);
}

TEST_P(Perf, TellsHowFarItIs) {
    pair.spawn(GetParam().serve(std::move(pair.right)));
    std::uint64_t uploaded = 0;
    std::uint64_t downloaded = 0;
    int calls = 0;
    auto measured = measure(1'000'000, 2'000'000, [&](std::uint64_t up, std::uint64_t down) {
        EXPECT_GE(up, uploaded);
        EXPECT_GE(down, downloaded);
        uploaded = up;
        downloaded = down;
        ++calls;
    });
    ASSERT_TRUE(measured.has_value() && *measured);
    EXPECT_EQ(uploaded, 1'000'000U);
    EXPECT_EQ(downloaded, 2'000'000U);
    EXPECT_GT(calls, 10);
}

TEST_P(Perf, RefusesADownloadThatIsTooShortOrTooLong) {
    for (const std::uint64_t count : {std::uint64_t{99}, std::uint64_t{101}}) {
        StreamPair other(GetParam().protocol);
        std::optional<result<perf::Measurement>> measured;
        auto client = [&]() -> awaitable<void> { measured = co_await perf::measure(*other.left, 0, 100, {}); };
        auto server = [&]() -> awaitable<void> {
            const Bytes octets(count);
            (co_await write(*other.right, octets)).value();
            (co_await other.right->close_write()).value();
        };
        other.spawn(client());
        other.spawn(server());
        other.run();
        ASSERT_TRUE(measured.has_value());
        ASSERT_FALSE(*measured);
        EXPECT_EQ(measured->error(), Errc::protocol_violation);
    }
}

TEST_P(Perf, FailsWhenTheRemoteResets) {
    pair.right->abort();
    auto measured = measure(1'000'000, 1);
    ASSERT_TRUE(measured.has_value() && !*measured);
    EXPECT_EQ(measured->error(), Errc::stream_reset);
}

TEST_P(Perf, CountsAtTheirEndsTakeNoMemory) {
    constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, kMax - 1, kMax}) {
        StreamPair other(GetParam().protocol);
        other.spawn(GetParam().serve(std::move(other.right)));
        const auto before = support::heap_bytes();
        std::uint64_t downloaded = 0;
        const auto enough = std::min<std::uint64_t>(count, 3'000'000);
        auto client = [&]() -> awaitable<void> {
            Bytes request(GetParam().protocol == perf::kProtocol ? 0 : 8, 0);  // litep2p's upload
            for (int shift = 56; shift >= 0; shift -= 8) {
                request.push_back(static_cast<std::uint8_t>(count >> shift));
            }
            (co_await write(*other.left, request)).value();
            (co_await other.left->close_write()).value();
            Bytes into(10'000);
            while (downloaded < enough) {
                auto got = co_await other.left->read_some(into);
                downloaded += got.value();
            }
            EXPECT_LT(support::heap_bytes(), before + kMiB);
            if (count > enough) {
                other.left->abort();
                co_return;
            }
            auto end = co_await other.left->read_some(into);
            EXPECT_EQ(end.error(), asio::error::make_error_code(asio::error::eof)) << count;
        };
        other.spawn(client());
        other.run();  // comes back
        EXPECT_GE(downloaded, enough);
    }
}

TEST_P(Perf, StopsWhenTheClientHasGone) {
    pair.spawn(GetParam().serve(std::move(pair.right)));
    pair.io.poll();
    pair.left.reset();
    pair.run();  // comes back
}

TEST_P(Perf, CutsOffAClientThatDoesNotReadItsDownload) {
    auto* server = pair.right.get();
    pair.spawn(GetParam().serve(std::move(pair.right)));
    auto ask = [&]() -> awaitable<void> {
        Bytes request(GetParam().protocol == perf::kProtocol ? 8 : 16, 0);
        request[request.size() - 4] = 1;  // 16 MiB
        (co_await write(*pair.left, request)).value();
        (co_await pair.left->close_write()).value();
    };
    pair.spawn(ask());
    pair.io.poll();
    EXPECT_LE(server->deadline, std::chrono::steady_clock::now() + perf::kIdle);
    server->expire();
    pair.run();  // comes back
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    Perf,
    testing::Values(Form{perf::kProtocol, perf::serve}, Form{perf::kLitep2pProtocol, perf::serve_litep2p}),
    [](const auto& form) { return form.index == 0 ? "Specified" : "Litep2p"; }
);

TEST(PerfOfLitep2p, AnUploadThatIsAnnouncedAndDoesNotComeIsNotAnswered) {
    constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t count : {std::uint64_t{1}, kMax - 1, kMax}) {
        StreamPair other(perf::kLitep2pProtocol);
        other.spawn(perf::serve_litep2p(std::move(other.right)));
        const auto before = support::heap_bytes();
        Error end;
        auto client = [&]() -> awaitable<void> {
            Bytes request;
            for (int shift = 56; shift >= 0; shift -= 8) {
                request.push_back(static_cast<std::uint8_t>(count >> shift));
            }
            (co_await write(*other.left, request)).value();
            other.io.poll();
            EXPECT_LT(support::heap_bytes(), before + kMiB);
            (co_await other.left->close_write()).value();
            std::uint8_t octet = 0;
            auto got = co_await other.left->read_some(std::span(&octet, 1));
            EXPECT_FALSE(got);
            end = got.error();
        };
        other.spawn(client());
        other.run();
        EXPECT_EQ(end, Errc::stream_reset) << count;
    }
}

}  // namespace
}  // namespace libp2p
