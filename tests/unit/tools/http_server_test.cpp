// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/http_server.hpp"

#include <libp2p/error_codes.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace libp2p::tools {
namespace {

std::string_view content_of(std::string_view path) {
    const auto files = web_files();
    const auto file = std::find_if(files.begin(), files.end(), [path](const auto& each) { return each.path == path; });
    return file == files.end() ? std::string_view() : file->content;
}

TEST(HttpAddress, IsAPortOrAHostAndAPort) {
    EXPECT_EQ(http_url(parse_http_address("8080").value()), "http://127.0.0.1:8080/");
    EXPECT_EQ(http_url(parse_http_address("0").value()), "http://127.0.0.1:0/");
    EXPECT_EQ(http_url(parse_http_address("192.0.2.7:80").value()), "http://192.0.2.7:80/");
    EXPECT_EQ(http_url(parse_http_address("[::1]:65535").value()), "http://[::1]:65535/");
}

TEST(HttpAddress, IsNothingElse) {
    for (const std::string text :
         {"",
          ":",
          "host:80",
          "127.0.0.1",
          "127.0.0.1:",
          ":80",
          "127.0.0.1:65536",
          "127.0.0.1:-1",
          "127.0.0.1:80x",
          "127.0.0.1:+80",
          "::1:80",
          "[::1]",
          "[127.0.0.1:80",
          " 80",
          "80 "}) {
        const auto parsed = parse_http_address(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(), Errc::invalid_address) << text;
    }
}

TEST(WebFiles, AreInTheProgramWithTheirTypes) {
    EXPECT_TRUE(content_of("/index.html").starts_with("<!doctype html>"));
    EXPECT_NE(content_of("/vendor/LICENSE-noble").find("MIT License"), std::string_view::npos);
    for (const auto& file : web_files()) {
        EXPECT_FALSE(file.content.empty()) << file.path;
        if (file.path.ends_with(".js")) {
            EXPECT_EQ(file.type, "text/javascript; charset=utf-8") << file.path;
        }
    }
}

/// A module that is not in the program would be a page that does not start.
TEST(WebFiles, ImportOnlyEachOther) {
    std::size_t imports = 0;
    for (const auto& file : web_files()) {
        if (!file.path.ends_with(".js") || file.path.starts_with("/vendor/")) {
            continue;
        }
        constexpr std::string_view kFrom = " from './";
        for (auto at = file.content.find(kFrom); at != file.content.npos; at = file.content.find(kFrom, at + 1)) {
            const auto begin = at + kFrom.size();
            const auto name = file.content.substr(begin, file.content.find('\'', begin) - begin);
            EXPECT_FALSE(content_of("/" + std::string(name)).empty()) << file.path << " imports " << name;
            ++imports;
        }
    }
    EXPECT_GE(imports, 5u);
}

}  // namespace
}  // namespace libp2p::tools
