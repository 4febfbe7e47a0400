// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string_view>

/// Certificates of the web for tests, in PEM, all but one issued by `kAuthority`.
namespace libp2p::test {

// clang-format off
/// An authority, and one that has issued nothing here.
inline constexpr std::string_view kAuthority =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPTCB46ADAgECAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNhMCAXDTIw\n"
    "MDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjANMQswCQYDVQQDDAJjYTBZMBMG\n"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABNv7toPElMBAuxqh4ov+nmdXs57CK6JgUW+4\n"
    "8OJeZSMB/szwQyQY1Jgowu7maqudAIqHYY8QhqEHytS8Zd4immKjMjAwMA8GA1Ud\n"
    "EwEB/wQFMAMBAf8wHQYDVR0OBBYEFJKX+AsJadGBLhKTINabZI+t14cyMAoGCCqG\n"
    "SM49BAMCA0kAMEYCIQDAxvMX4sbUjrah9hM084jDEBFtDiLlls6eQRHKkRv/VQIh\n"
    "AIu1CQhxB8rBJVhDNMLhr7nVyDcqSzZ2u4nx3vD2/pn3\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view kOtherAuthority =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPjCB5aADAgECAgECMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA2NhMjAgFw0y\n"
    "MDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDjEMMAoGA1UEAwwDY2EyMFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsisqLLycynkSU4keCUTBCvfaHP8Gc1k4\n"
    "be02+wYFdwI1xI2JWJ/h5ykBgZqmaFlpFl1zYSWstSnnA3+iRCNxtKMyMDAwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUVo3fLFQKxm51iY1LH1ZRfYDvxvEwCgYI\n"
    "KoZIzj0EAwIDSAAwRQIgAzyMonvbh3ExbU583l0AZ2lqVX90uRdt9CDT26TdvyAC\n"
    "IQCbajk/lTo5ubGsXm9yp0bALde2L0AVlYeivMhwAQBOIQ==\n"
    "-----END CERTIFICATE-----\n";

/// For node.test, 127.0.0.1 and ::1, 2020 to 2120, and its key.
inline constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgjCCASigAwIBAgIBAzAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAgFw0y\n"
    "MDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJZ29vZC50\n"
    "ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGSDFQwNvLka9WPStYWBGUZ54\n"
    "hAUOKthPfqIjQeXkpwOA/I25wanBlW091/3nKogTFoDGZJjuFMrKXr9MOcS8iKNw\n"
    "MG4wLAYDVR0RBCUwI4IJbm9kZS50ZXN0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAAB\n"
    "MB0GA1UdDgQWBBQmO58PfBphsOhtt/z63e/Rn8Pc0DAfBgNVHSMEGDAWgBSSl/gL\n"
    "CWnRgS4SkyDWm2SPrdeHMjAKBggqhkjOPQQDAgNIADBFAiANsaucwLcocBoO3WxH\n"
    "osFFYNywskNkStBRrzmYFbIQrQIhAN04O8baWfPaQn1cZkybNiGPeRBKQeb32Agc\n"
    "NyA5+GIX\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo+lyyv/WNSPrn+84\n"
    "Dwry5oHmI/IjvuNjZGijI8tkfIChRANCAAQZIMVDA28uRr1Y9K1hYEZRnniEBQ4q\n"
    "2E9+oiNB5eSnA4D8jbnBqcGVbT3X/ecqiBMWgMZkmO4Uyspev0w5xLyI\n"
    "-----END PRIVATE KEY-----\n";

/// For other.test alone.
inline constexpr std::string_view kOtherCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBazCCARKgAwIBAgIBBDAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAgFw0y\n"
    "MDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFTETMBEGA1UEAwwKb3RoZXIu\n"
    "dGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAIXjjwqDARrXfXXnU52ZUkN\n"
    "kSTY3Ecblo4vmTTlQzl3hmSOGPDCmc5dcbu6zK5aNhNhteW2Mou0Ocm8FCQZh6Sj\n"
    "WTBXMBUGA1UdEQQOMAyCCm90aGVyLnRlc3QwHQYDVR0OBBYEFAzMks29YE4tPWi3\n"
    "Hb/w097OarzEMB8GA1UdIwQYMBaAFJKX+AsJadGBLhKTINabZI+t14cyMAoGCCqG\n"
    "SM49BAMCA0cAMEQCIC2OClkApno+mg2du7f6mkAz4y/bsi67YW6E1/9jjpF6AiAx\n"
    "A0ZBJKZgzTGGvUvrII9dyfpGs/aBeJymsR6GHth0+g==\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view kOtherKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgM9BoJX8pK86ykDgo\n"
    "1AotR6EQ4UrRFxyWtZeWCPO5PrWhRANCAAQCF448KgwEa131151OdmVJDZEk2NxH\n"
    "G5aOL5k05UM5d4ZkjhjwwpnOXXG7usyuWjYTYbXltjKLtDnJvBQkGYek\n"
    "-----END PRIVATE KEY-----\n";

/// For node.test and 127.0.0.1, of the year 2020.
inline constexpr std::string_view kExpiredCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbjCCAROgAwIBAgIBBTAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAeFw0y\n"
    "MDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBMxETAPBgNVBAMMCG9sZC50ZXN0\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyPWGZkCTA7H6soCQdEYKd5LGa+oL\n"
    "asD9ff0sj4va1+9mcf68aBimxQSdpfz8frTGFaWHCXnEA+soudxwPY9Jp6NeMFww\n"
    "GgYDVR0RBBMwEYIJbm9kZS50ZXN0hwR/AAABMB0GA1UdDgQWBBRSC+bN99JseeF3\n"
    "bGuMXqYcE3tEbTAfBgNVHSMEGDAWgBSSl/gLCWnRgS4SkyDWm2SPrdeHMjAKBggq\n"
    "hkjOPQQDAgNJADBGAiEA5BxVzIdmKfYb2S+UXdQd9lopw3WeMG90+u1s6cKGYZsC\n"
    "IQC3Uja5S+Q1Fjlb6SF4idhw3v4d6RMhSVAeI/uSBFLxgw==\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view kExpiredKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgv6sQW9Elw0u1I1Gs\n"
    "e7nYJCX1cYfguOoiXU79F1RWAQ6hRANCAATI9YZmQJMDsfqygJB0Rgp3ksZr6gtq\n"
    "wP19/SyPi9rX72Zx/rxoGKbFBJ2l/Px+tMYVpYcJecQD6yi53HA9j0mn\n"
    "-----END PRIVATE KEY-----\n";

// clang-format on

}  // namespace libp2p::test
