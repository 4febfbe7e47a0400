# SPDX-License-Identifier: MIT OR Apache-2.0
import unittest

import check_layering

BAD = [
    ("proto/varint.cpp", '#include <libp2p/error.hpp>'),
    ("libp2p/host.cpp", '#include "security/noise/noise_protocol.hpp"'),
    ("libp2p/host.cpp", '#include "transports/tcp/tcp_transport.hpp"'),
    ("security/noise/noise_protocol.cpp", '#include "muxing/yamux/yamux_session.hpp"'),
    ("muxing/yamux/yamux_session.cpp", '#include "transports/tcp/tcp_stream.hpp"'),
    ("libp2p/protocols/ping.cpp", '#include "libp2p/swarm/swarm.hpp"'),
    ("libp2p/keys.cpp", '#include <openssl/sha.h>'),
    ("tests/unit/libp2p/keys_test.cpp", '#include <openssl/sha.h>'),
    ("libp2p/host.hpp", '#include "libp2p/swarm/swarm.hpp"'),
    ("libp2p/host.hpp", '#include "proto/varint.hpp"'),
    ("libp2p/host.hpp", '#include "detail.hpp"'),
    ("libp2p/host.cpp", '#include <libp2p/swarm/swarm.hpp>'),
    ("proto/keys.hpp", '#include "proto/keys.pb.h"'),
    ("examples/01_ping.cpp", '#include "transports/tcp/tcp_transport.hpp"'),
    ("examples/01_ping.cpp", '#include "libp2p/crypto/random.hpp"'),
    ("tests/conformance/transport_suite.hpp", '#include "transports/memory/memory_transport.hpp"'),
    ("libp2p/host.cpp", '#include <libp2p/conformance/loop.hpp>'),
    ("transports/webrtc/private/ice_path.cpp", '#include "transports/webrtc/direct/direct_mux.hpp"'),
    ("transports/webrtc/direct/direct_mux.cpp", '#include "transports/webrtc/private/ice_path.hpp"'),
    ("transports/webrtc/webrtc_core.cpp", '#include "transports/webrtc/direct/direct_mux.hpp"'),
    ("tools/main.cpp", '#include "tests/support/heap.hpp"'),
]

GOOD = [
    ("proto/keys.cpp", '#include "proto/keys.pb.h"'),
    ("libp2p/host.hpp", '#include <libp2p/stream.hpp>\n#include <boost/asio/awaitable.hpp>'),
    ("libp2p/host.cpp", '#include "libp2p/swarm/swarm.hpp"'),
    ("libp2p/crypto/sha256.cpp", '#include <openssl/sha.h>'),
    ("transports/tcp/tcp_transport.cpp", '#include <libp2p/upgrader.hpp>'),
    ("transports/webrtc/private/ice_path.cpp", '#include "transports/webrtc/private/ice_agent.hpp"'),
    ("transports/webrtc/private/ice_path.cpp", '#include "transports/webrtc/webrtc_core.hpp"'),
    ("transports/webrtc/dtls/dtls.cpp", '#include <openssl/ssl.h>'),
    ("tests/conformance/loop.hpp", '#include <libp2p/async.hpp>\n#include "co_assert.hpp"'),
    ("examples/08_custom_transport.cpp", '#include "examples/unix_transport.hpp"\n#include <libp2p/host.hpp>'),
    ("tests/unit/transports/tcp/tcp_test.cpp", '#include <libp2p/conformance/loop.hpp>'),
]


class CheckLayering(unittest.TestCase):
    def test_flags_includes_against_the_arrows(self):
        for path, text in BAD:
            with self.subTest(path=path, text=text):
                self.assertTrue(list(check_layering.problems(path, text)))

    def test_leaves_the_others_alone(self):
        for path, text in GOOD:
            with self.subTest(path=path, text=text):
                self.assertEqual(list(check_layering.problems(path, text)), [])


if __name__ == "__main__":
    unittest.main()
