// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/key_file.hpp"

#include "libp2p/crypto/random.hpp"

#include <libp2p/log.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

namespace libp2p {
namespace {

const Logger log("key_file");

/// A file descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (is_open()) {
            ::close(fd_);
        }
    }

    bool is_open() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

/// The file under its temporary name; gone with this object, unless it has been given its real one.
class TemporaryFile {
public:
    explicit TemporaryFile(std::filesystem::path name) : name_(std::move(name)) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (!name_.empty()) {
            ::unlink(name_.c_str());
        }
    }

    const char* name() const noexcept { return name_.c_str(); }
    void release() noexcept { name_.clear(); }

private:
    std::filesystem::path name_;
};

Error system_error(int error, std::string_view doing, const std::filesystem::path& file) {
    return Error(
        error_code(error, boost::system::system_category()), std::string(doing) + " key file " + file.string()
    );
}

Error bad_file(const std::filesystem::path& file, std::string_view why) {
    return Error(Errc::invalid_key, "key file " + file.string() + ": " + std::string(why));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

/// A name next to `file` that nobody else uses.
std::filesystem::path temporary_name(const std::filesystem::path& file) {
    auto name = file;
    name += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(crypto::random_uint64());
    return name;
}

/// Writes all of `content`; the error number, or zero.
int write_all(int fd, ByteView content) noexcept {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        if (written > 0) {
            content = content.subspan(static_cast<std::size_t>(written));
        }
    }
    return 0;
}

/// Reads until `into` is full or the file ends; the octets read, or less than zero with `errno` set.
ssize_t read_all(int fd, MutableByteView into) noexcept {
    std::size_t have = 0;
    while (have < into.size()) {
        const auto got = ::read(fd, into.data() + have, into.size() - have);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            have += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return static_cast<ssize_t>(have);
}

/// Whoever reads the key can be the peer.
void warn_if_exposed(const std::filesystem::path& file, mode_t mode) {
    if ((mode & (S_IRWXG | S_IRWXO)) == 0) {
        return;
    }
    std::array<char, 8> octal;
    std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777U));
    log.warning("open_to_others", {{"file", file.native()}, {"mode", octal.data()}, {"safe_mode", "0600"}});
}

}  // namespace

result<Identity> load_identity(const std::filesystem::path& file) {
    // Without O_NONBLOCK, opening a named pipe waits for its other end.
    const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!in.is_open()) {
        return system_error(errno, "opening", file);
    }
    struct stat status = {};
    if (::fstat(in.get(), &status) != 0) {
        return system_error(errno, "opening", file);
    }
    if (!S_ISREG(status.st_mode)) {
        return bad_file(file, "not a regular file");
    }
    SecretBytes content(kMaxPrivateKeySize + 1);
    const auto size = read_all(in.get(), content.writable());
    if (size < 0) {
        return system_error(errno, "reading", file);
    }
    if (static_cast<std::size_t>(size) > kMaxPrivateKeySize) {
        return bad_file(file, "longer than a private key can be, " + std::to_string(kMaxPrivateKeySize) + " octets");
    }
    auto key = PrivateKey::decode(content.view().first(static_cast<std::size_t>(size)));
    if (!key) {
        return key.error().with_context("key file " + file.string());
    }
    warn_if_exposed(file, status.st_mode);
    return Identity(std::move(*key));
}

result<void> save_identity(const Identity& identity, const std::filesystem::path& file, ExistingFile existing) {
    const auto content = identity.private_key().encode();
    TemporaryFile temporary(temporary_name(file));
    constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
    const Descriptor out(::open(temporary.name(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
    if (!out.is_open()) {
        const int error = errno;
        temporary.release();
        return system_error(error, "creating", file);
    }
    // The process's umask may have taken bits away.
    if (::fchmod(out.get(), kOwnerOnly) != 0) {
        return system_error(errno, "creating", file);
    }
    if (const int error = write_all(out.get(), content.view()); error != 0) {
        return system_error(error, "writing", file);
    }
    if (::fsync(out.get()) != 0) {
        return system_error(errno, "writing", file);
    }
    if (existing == ExistingFile::replace) {
        if (std::rename(temporary.name(), file.c_str()) != 0) {
            return system_error(errno, "writing", file);
        }
        temporary.release();
    } else if (::link(temporary.name(), file.c_str()) != 0) {  // unlike rename, this never replaces
        if (errno == EEXIST) {
            return Error(Errc::already_exists, "key file " + file.string());
        }
        return system_error(errno, "writing", file);
    }
    // The name is in the folder, so the folder has to reach the disk as well. Some file systems cannot do that; the
    // file is whole in any case.
    const Descriptor folder(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.is_open()) {
        ::fsync(folder.get());
    }
    return ok();
}

}  // namespace libp2p
