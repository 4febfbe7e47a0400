// SPDX-License-Identifier: MIT OR Apache-2.0
// Addresses: what a dialer needs of a WebRTC-Direct address, and the text of those that identify tells.
import { base58, concat, fromBase58, fromBase64url, readVarint, text, toBase64url, varint } from './bytes.js'

const DIRECT = /^\/(ip4|ip6)\/([^/]+)\/udp\/(\d{1,5})\/webrtc-direct((?:\/certhash\/[\w-]+)+)(?:\/p2p\/(\w+))?$/

/** { family, host, port, fingerprint (32 octets), peer (text or undefined) }; throws an Error that a person can read. */
export function parseDirect (address) {
  const found = DIRECT.exec(address.trim())
  if (!found) {
    throw new Error(/\/webrtc-direct(\/p2p\/|$)/.test(address.trim())
      ? 'The address lacks /certhash/…: take the whole one that the node prints.'
      : 'This is no WebRTC-Direct address: /ip4/…/udp/…/webrtc-direct/certhash/…')
  }
  const [, family, host, port, hashes, peer] = found
  const digest = hashes.split('/certhash/').slice(1)
    .map(hash => hash.startsWith('u') ? fromBase64url(hash.slice(1)) : null)
    .find(octets => octets?.length === 34 && octets[0] === 0x12 && octets[1] === 0x20)
  if (!digest) throw new Error('The certhash of the address is no SHA-256 in base64url.')
  if (Number(port) < 1 || Number(port) > 65535) throw new Error('The port of the address is no number from 1 to 65535.')
  return { family, host, port: Number(port), fingerprint: digest.subarray(2), peer }
}

const WEB_SOCKET = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(\/tls\/ws|\/wss|\/ws)(?:\/p2p\/(\w+))?$/

/** { url, peer (text or undefined) }; throws an Error that a person can read. */
export function parseWebSocket (address) {
  const found = WEB_SOCKET.exec(address.trim())
  if (!found) throw new Error('This is no WebSocket address: /dns4/…/tcp/…/wss/p2p/…')
  const [, family, host, port, kind, peer] = found
  return { url: `${kind === '/ws' ? 'ws' : 'wss'}://${family === 'ip6' ? `[${host}]` : host}:${port}/`, peer }
}

const CIRCUIT = /^(.+?)\/p2p-circuit(\/webrtc)?(?:\/p2p\/(\w+))?$/

/**
 * What leads over a relay: { relay (its address), isPrivate (whether WebRTC is to follow), peer }; null where the address
 * has no /p2p-circuit. Throws an Error that a person can read.
 */
export function parseCircuit (address) {
  const found = CIRCUIT.exec(address.trim())
  if (!found) return null
  const [, relay, webrtc, peer] = found
  if (!/\/p2p\/\w+$/.test(relay)) throw new Error('The address does not say who the relay is: …/p2p/RELAY/p2p-circuit/…')
  if (!isPeer(peer)) throw new Error('The address does not say who is to be reached: …/p2p-circuit/webrtc/p2p/PEER')
  return { relay, isPrivate: webrtc !== undefined, peer }
}

/** The octets of a peer id in base58, or null: a SHA-256, or a key itself. */
export function peerOctets (peer) {
  const octets = fromBase58(peer ?? '')
  const fits = octets !== null && octets.length >= 3 && octets[1] === octets.length - 2
  return fits && ((octets[0] === 0x12 && octets[1] === 32) || (octets[0] === 0 && octets[1] <= 42)) ? octets : null
}

export const isPeer = peer => peerOctets(peer) !== null

/** The octets of `relay` (octets that end with the relay's peer) with /p2p-circuit/webrtc/p2p/`peer` behind. */
export function behindRelay (relay, peer) {
  const octets = peerOctets(peer)
  return concat(relay, varint(290), varint(281), varint(421), varint(octets.length), octets)
}

const ip4 = octets => octets.join('.')

/** As RFC 5952 writes it: the first of the longest runs of zeros is left out, if it has more than one. */
function ip6 (octets) {
  const groups = Array.from({ length: 8 }, (_, i) => octets[2 * i] * 256 + octets[2 * i + 1])
  const zerosFrom = i => groups[i] === 0 ? 1 + zerosFrom(i + 1) : 0
  const runs = groups.map((_, i) => zerosFrom(i))
  const longest = Math.max(...runs)
  const written = groups.map(group => group.toString(16))
  if (longest < 2) return written.join(':')
  const first = runs.indexOf(longest)
  return written.slice(0, first).join(':') + '::' + written.slice(first + longest).join(':')
}

const number = octets => octets[0] * 256 + octets[1]

// Code: name, octets of the value (-1: its length comes first), how it is written.
const PROTOCOLS = {
  4: ['ip4', 4, ip4], 6: ['tcp', 2, number], 41: ['ip6', 16, ip6], 53: ['dns', -1, text], 54: ['dns4', -1, text],
  55: ['dns6', -1, text], 56: ['dnsaddr', -1, text], 273: ['udp', 2, number], 280: ['webrtc-direct', 0],
  281: ['webrtc', 0], 290: ['p2p-circuit', 0], 421: ['p2p', -1, base58], 448: ['tls', 0], 449: ['sni', -1, text],
  460: ['quic', 0], 461: ['quic-v1', 0], 465: ['webtransport', 0], 466: ['certhash', -1, o => 'u' + toBase64url(o)],
  477: ['ws', 0], 478: ['wss', 0]
}

/** The text of a binary address; null when it is none, or has a protocol that is not known here. */
export function addressText (octets) {
  let written = ''
  for (let at = 0; at < octets.length;) {
    const code = readVarint(octets, at)
    const protocol = code && PROTOCOLS[code[0]]
    if (!protocol) return null
    let [name, size, show] = protocol
    at = code[1]
    if (size < 0) {
      const length = readVarint(octets, at)
      if (!length) return null
      ;[size, at] = length
    }
    if (at + size > octets.length) return null
    written += '/' + name + (show ? '/' + show(octets.subarray(at, at + size)) : '')
    at += size
  }
  return written
}
