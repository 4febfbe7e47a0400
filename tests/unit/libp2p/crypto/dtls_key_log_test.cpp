// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

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

    void send_datagram(ByteView datagram) override { sent.emplace_back(datagram.begin(), datagram.end()); }

    DtlsSession session;
    std::vector<Bytes> sent;
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

TEST_F(DtlsKeyLog, ConnectionsDoNotDependOnIt) {
    ::setenv("SSLKEYLOGFILE", (file() / "nowhere").c_str(), 1);
    connect_once();
    EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace libp2p::crypto
