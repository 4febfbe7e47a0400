// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/tls_files.hpp"

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/log.hpp>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

namespace libp2p::websocket {
namespace {

const Logger log("websocket");

constexpr std::array<const char*, 2> kSystemAuthorities{
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"
};

std::string system_authorities() {
    if (const char* named = ::secure_getenv("SSL_CERT_FILE"); named != nullptr && *named != '\0') {
        return named;
    }
    for (const char* path : kSystemAuthorities) {
        if (::access(path, R_OK) == 0) {
            return path;
        }
    }
    return kSystemAuthorities.front();
}

result<Bytes> read_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    Bytes content;
    std::array<char, 4096> part;
    while (file.read(part.data(), part.size()) || file.gcount() > 0) {
        content.insert(content.end(), part.data(), part.data() + file.gcount());
        if (content.size() > crypto::TlsContext::kMaxPemSize) {
            return Error(
                Errc::invalid_key,
                path + " has more than " + std::to_string(crypto::TlsContext::kMaxPemSize) + " octets"
            );
        }
    }
    if (file.bad() || !file.eof()) {
        const int reason = errno != 0 ? errno : EIO;
        return Error(error_code(reason, boost::system::system_category()), path);
    }
    return content;
}

}  // namespace

TlsFiles TlsFiles::for_server(std::string certificate, std::string key) {
    std::vector<std::string> paths;
    paths.push_back(std::move(certificate));
    paths.push_back(std::move(key));
    return TlsFiles(std::move(paths));
}

TlsFiles TlsFiles::for_client(std::string authorities) {
    std::vector<std::string> paths;
    paths.push_back(authorities.empty() ? system_authorities() : std::move(authorities));
    return TlsFiles(std::move(paths));
}

result<TlsFiles::ContextPtr> TlsFiles::context(Clock::time_point now) {
    if (now < next_look_) {
        return newest_;
    }
    next_look_ = now + kBetweenLooks;
    auto seen = look();
    if (seen == seen_ && !seen.empty()) {
        return newest_;
    }
    const bool is_first = seen_.empty();
    seen_ = std::move(seen);
    auto fresh = read();
    if (fresh) {
        newest_ = std::move(fresh);
        if (!is_first) {
            log.info("certificate.reloaded", {{"file", paths_.front()}});
        }
    } else if (newest_) {
        log.warning("certificate.kept", {{"file", paths_.front()}, {"error", fresh.error()}});
    } else {
        newest_ = std::move(fresh);
    }
    return newest_;
}

/// Of files that are not there, the stamp of nothing.
std::vector<TlsFiles::Stamp> TlsFiles::look() const {
    std::vector<Stamp> stamps;
    for (const auto& path : paths_) {
        struct stat found{};
        if (::stat(path.c_str(), &found) != 0) {
            found = {};
        }
        const auto modified =
            std::chrono::seconds(found.st_mtim.tv_sec) + std::chrono::nanoseconds(found.st_mtim.tv_nsec);
        stamps.push_back({found.st_dev, found.st_ino, found.st_size, modified});
    }
    return stamps;
}

result<TlsFiles::ContextPtr> TlsFiles::read() const {
    if (paths_.front().empty() || paths_.back().empty()) {
        return Error(Errc::invalid_key, "TLS needs a certificate and its private key, and none is given");
    }
    auto first = read_file(paths_.front());
    if (!first) {
        return first.error();
    }
    auto context = result<ContextPtr>(Errc::invalid_key);
    if (paths_.size() == 1) {
        context = crypto::TlsContext::for_client(*first);
    } else {
        auto key = read_file(paths_.back());
        if (!key) {
            return key.error();
        }
        context = crypto::TlsContext::for_server(*first, *key);
        crypto::secure_wipe(*key);
    }
    if (!context) {
        std::string names = paths_.front();
        if (paths_.size() > 1) {
            names += ", " + paths_.back();
        }
        return context.error().with_context(names);
    }
    return context;
}

}  // namespace libp2p::websocket
