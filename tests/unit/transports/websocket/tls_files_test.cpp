// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/tls_files.hpp"

#include "tests/support/web_certificates.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace libp2p::websocket {
namespace {

using namespace std::chrono_literals;
using namespace libp2p::test;

class TlsFilesTest : public testing::Test {
protected:
    TlsFilesTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tls-files-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const char* name) const { return (folder_ / name).string(); }

    /// As a careful program does it: in one step.
    void put(const char* name, std::string_view text) const {
        std::ofstream(path("new")) << text;
        std::filesystem::rename(path("new"), path(name));
    }

    std::filesystem::path folder_;
    TlsFiles::Clock::time_point now = TlsFiles::Clock::now();
};

TEST_F(TlsFilesTest, AreReadAgainWhenTheyChange) {
    put("cert", kCertificate);
    put("key", kKey);
    auto files = TlsFiles::for_server(path("cert"), path("key"));
    const auto first = files.context(now);
    ASSERT_TRUE(first) << first.error();
    EXPECT_EQ(files.context(now + 1h).value(), *first);  // as they were

    put("cert", kOtherCertificate);
    EXPECT_EQ(files.context(now + 1h + 999ms).value(), *first);  // not looked at so soon
    EXPECT_EQ(files.context(now + 2h).value(), *first);          // certificate and key do not belong together
    put("key", kOtherKey);
    const auto second = files.context(now + 3h);
    ASSERT_TRUE(second);
    EXPECT_NE(*second, *first);

    put("key", "garbage");
    EXPECT_EQ(files.context(now + 4h).value(), *second);
    std::filesystem::remove(path("cert"));
    EXPECT_EQ(files.context(now + 5h).value(), *second);
    put("cert", kCertificate);
    put("key", kKey);
    EXPECT_NE(files.context(now + 6h).value(), *second);
}

TEST_F(TlsFilesTest, SayWhatIsWrongAndWhere) {
    auto missing = TlsFiles::for_server(path("cert"), path("key"));
    const auto none = missing.context(now);
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().code() == boost::system::errc::no_such_file_or_directory) << none.error();
    EXPECT_NE(none.error().message().find(path("cert")), std::string::npos) << none.error();

    put("cert", kCertificate);
    put("key", kOtherKey);
    const auto wrong = missing.context(now + 2s);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error(), Errc::invalid_key);
    EXPECT_NE(wrong.error().message().find(path("key")), std::string::npos) << wrong.error();
    put("key", kKey);
    EXPECT_TRUE(missing.context(now + 4s));  // put right meanwhile
}

TEST_F(TlsFilesTest, TheAuthoritiesOfTheSystemAreFound) {
    put("authorities", kAuthority);
    ::setenv("SSL_CERT_FILE", path("authorities").c_str(), 1);
    auto files = TlsFiles::for_client("");
    ::unsetenv("SSL_CERT_FILE");
    const auto context = files.context(now);
    EXPECT_TRUE(context) << context.error();
}

}  // namespace
}  // namespace libp2p::websocket
