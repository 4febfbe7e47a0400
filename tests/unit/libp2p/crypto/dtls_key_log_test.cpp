// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls.hpp"
#include "libp2p/crypto/dtls_records.hpp"
#include "libp2p/crypto/sha256.hpp"
#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace libp2p::crypto {
namespace {

struct End final : DtlsSession::Output {
    explicit End(DtlsSession::Role role)
        : session(
              std::make_shared<const DtlsContext>(Certificate::generate()), role, std::nullopt, *this, std::size_t{1200}
          ) {}

    void send_datagram(ByteView datagram) override {
        sent.emplace_back(datagram.begin(), datagram.end());
        recorded.push_back(sent.back());
    }

    DtlsSession session;
    std::vector<Bytes> sent;
    std::vector<Bytes> recorded;
};

void connect(End& client, End& server) {
    const DtlsSession::Clock::time_point now{};
    const auto ignore = [](ByteView) {};
    ASSERT_TRUE(server.session.start(now));
    ASSERT_TRUE(client.session.start(now));
    for (int flight = 0; flight < 8; ++flight) {
        for (auto [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
            const auto sent = std::exchange(from->sent, {});
            for (const auto& datagram : sent) {
                ASSERT_TRUE(to->session.receive(datagram, ignore, now));
            }
        }
    }
    ASSERT_TRUE(client.session.is_established());
    ASSERT_TRUE(server.session.is_established());
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

/// The random of a ClientHello or ServerHello that stands whole at the front of a datagram: behind the headers of
/// record and message, and the version (RFC 6347, 4.2.2).
ByteView random_in(const Bytes& datagram) {
    return ByteView(datagram).subspan(13 + 12 + 2, 32);
}

Sha256Digest hmac(ByteView key, ByteView message) {  // RFC 2104
    std::array<std::uint8_t, 64> inner{};
    std::copy(key.begin(), key.end(), inner.begin());
    auto outer = inner;
    for (auto& octet : inner) {
        octet ^= 0x36;
    }
    for (auto& octet : outer) {
        octet ^= 0x5c;
    }
    const auto inside = Sha256().update(inner).update(message).finish();
    return Sha256().update(outer).update(inside).finish();
}

Bytes joined(std::initializer_list<ByteView> parts) {
    Bytes all;
    for (auto part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

/// RFC 5246, 6.3 and 5.
std::array<std::uint8_t, DtlsRecords::kKeyBlockSize> key_block(ByteView master, ByteView server, ByteView client) {
    const auto seed = joined({as_bytes("key expansion"), server, client});
    const auto first = hmac(master, seed);
    const auto second = hmac(master, first);
    const auto octets = joined({hmac(master, joined({first, seed})), hmac(master, joined({second, seed}))});
    std::array<std::uint8_t, DtlsRecords::kKeyBlockSize> block{};
    std::copy_n(octets.begin(), block.size(), block.begin());
    return block;
}

class DtlsKeyLog : public testing::Test {
protected:
    void SetUp() override {
        std::string folder = (std::filesystem::temp_directory_path() / "key_log_XXXXXX").string();
        EXPECT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
    }
    void TearDown() override {
        ::unsetenv("SSLKEYLOGFILE");
        std::filesystem::remove_all(folder_);
    }

    std::filesystem::path file() const { return folder_ / "keys"; }

    void connect_once() {
        End client(DtlsSession::Role::client);
        End server(DtlsSession::Role::server);
        connect(client, server);
    }

private:
    std::filesystem::path folder_;
};

TEST_F(DtlsKeyLog, IsOffUnlessAskedFor) {
    ::unsetenv("SSLKEYLOGFILE");
    connect_once();
    ::setenv("SSLKEYLOGFILE", "", 1);
    connect_once();
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(DtlsKeyLog, TellsTheSecretOfEachSessionToItsOwnerAlone) {
    ::setenv("SSLKEYLOGFILE", file().c_str(), 1);
    connect_once();
    connect_once();
    const auto lines = lines_of(file());
    ASSERT_EQ(lines.size(), 4U);  // both ends of both sessions
    for (const auto& line : lines) {
        // NSS's key log format: the client's random, then the master secret.
        EXPECT_EQ(line.size(), std::string("CLIENT_RANDOM ").size() + 64 + 1 + 96) << line;
        EXPECT_TRUE(line.starts_with("CLIENT_RANDOM ")) << line;
    }
    EXPECT_EQ(lines[0], lines[1]);
    EXPECT_EQ(lines[2], lines[3]);
    EXPECT_NE(lines[0], lines[2]);
    struct stat status{};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(DtlsKeyLog, OpensARecordedSession) {
    ::setenv("SSLKEYLOGFILE", file().c_str(), 1);
    End client(DtlsSession::Role::client);
    End server(DtlsSession::Role::server);
    connect(client, server);
    ASSERT_TRUE(client.session.send(as_bytes("what nobody else may read")));

    const auto client_random = random_in(client.recorded.front());
    const auto server_random = random_in(server.recorded.front());
    const auto line = lines_of(file()).at(0);
    EXPECT_EQ(line.substr(14, 64), tests::hex(client_random));
    const auto master = tests::unhex(line.substr(14 + 64 + 1));
    DtlsRecords reader(key_block(master, server_random, client_random), false);
    ByteView datagram(client.recorded.back());
    Bytes packet(datagram.size());
    const auto size = reader.open(datagram, packet);
    ASSERT_TRUE(size);
    EXPECT_EQ(as_text(ByteView(packet).first(*size)), "what nobody else may read");
}

TEST_F(DtlsKeyLog, ConnectionsDoNotDependOnIt) {
    ::setenv("SSLKEYLOGFILE", (file() / "nowhere").c_str(), 1);
    connect_once();
    EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace libp2p::crypto
