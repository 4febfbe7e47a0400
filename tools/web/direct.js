// SPDX-License-Identifier: MIT OR Apache-2.0
// The dialer of WebRTC-Direct, in both versions.
import { concat, hex, utf8 } from './bytes.js'
import { Connection } from './connection.js'
import { P2pError, within } from './errors.js'
import { parseDirect } from './multiaddr.js'
import { NoiseHandshake, shakeHandsAsResponder } from './noise.js'
import { RtcMuxer } from './rtc_muxer.js'
import { RtcStream } from './rtc_stream.js'

const CREDENTIALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function answerFor (address, credentials) {
  const family = address.family.toUpperCase()
  return [
    'v=0', `o=- 0 0 IN ${family} ${address.host}`, 's=-', 't=0 0', 'a=ice-lite',
    `m=application ${address.port} UDP/DTLS/SCTP webrtc-datachannel`, `c=IN ${family} ${address.host}`, 'a=mid:0',
    'a=ice-options:ice2', `a=ice-ufrag:${credentials}`, `a=ice-pwd:${credentials}`,
    `a=fingerprint:sha-256 ${hex(address.fingerprint).toUpperCase().match(/../g).join(':')}`, 'a=setup:passive', 'a=sctp-port:5000',
    'a=max-message-size:16384', `a=candidate:1 1 UDP 1 ${address.host} ${address.port} typ host`, 'a=end-of-candidates', ''
  ].join('\r\n')
}

const ofSdp = (sdp, name) => new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1]

function newCredentials () {
  const random = crypto.getRandomValues(new Uint8Array(32))
  return 'libp2p+webrtc+v1/' + [...random].map(octet => CREDENTIALS[octet % CREDENTIALS.length]).join('')
}

/** Sets the two descriptions. In version 1 the browser has to let its own be changed. */
async function describe (pc, address, version) {
  const offer = await pc.createOffer()
  if (version === 2) {
    await pc.setLocalDescription(offer)
    const password = ofSdp(pc.localDescription.sdp, 'ice-pwd')
    if (!password) throw new P2pError('unsupported', 'The browser does not tell its ICE password.')
    return answerFor(address, 'libp2p+webrtc+v2/' + password)
  }
  const credentials = newCredentials()
  const sdp = offer.sdp.replace(/^a=ice-ufrag:.*$/m, `a=ice-ufrag:${credentials}`)
    .replace(/^a=ice-pwd:.*$/m, `a=ice-pwd:${credentials}`)
  await pc.setLocalDescription({ type: 'offer', sdp }).catch(error => {
    throw new P2pError('version_refused', `The browser refuses version 1: ${error.message}`)
  })
  if (ofSdp(pc.localDescription.sdp, 'ice-ufrag') !== credentials) {
    throw new P2pError('version_refused', 'The browser keeps its own credentials, so version 1 is not possible.')
  }
  return answerFor(address, credentials)
}

/** Noise on channel 0, where the dialer is the responder. Resolves to the peer. */
async function prove (stream, pc, address, identity) {
  const own = ofSdp(pc.localDescription.sdp, 'fingerprint')?.match(/^sha-256 ([\dA-F:]+)$/i)
  if (!own) throw new P2pError('unsupported', 'The browser does not tell the SHA-256 of its certificate.')
  const fingerprint = Uint8Array.from(own[1].split(':'), pair => parseInt(pair, 16))
  const prologue = concat(utf8('libp2p-webrtc-noise:'), [0x12, 32], fingerprint, [0x12, 32], address.fingerprint)
  const noise = await NoiseHandshake.prepare(identity, prologue)
  const { peer } = await shakeHandsAsResponder(stream, noise, address.peer)
  return peer
}

async function dialVersion (address, identity, handlers, version, patience) {
  const pc = new RTCPeerConnection()
  const muxer = new RtcMuxer(pc)
  const channel = new RtcStream(pc.createDataChannel('', { negotiated: true, id: 0 }))
  const lost = muxer.closed.then(() => {
    throw new P2pError('connection_closed', 'The connection failed: nobody answers there, or with another certificate.')
  })
  const connect = async () => {
    await pc.setRemoteDescription({ type: 'answer', sdp: await describe(pc, address, version) })
    return prove(channel, pc, address, identity)
  }
  try {
    lost.catch(() => {})
    const peer = await within(patience, Promise.race([connect(), lost]), 'No answer: nobody listens there, or with another certificate.')
    return new Connection(muxer, handlers, { peer, transport: 'webrtc-direct', isDialer: true, version }).begin()
  } catch (error) {
    muxer.close()
    throw error
  }
}

/**
 * Connects to the node at a WebRTC-Direct address. `handlers` maps protocols to functions of a stream and its
 * connection. `version`: 1, 2, or 0 for version 1 and, where the browser refuses that, version 2.
 */
export async function dial (multiaddr, identity, { handlers = new Map(), version = 0, patience = 10_000 } = {}) {
  const address = parseDirect(multiaddr)
  try {
    return await dialVersion(address, identity, handlers, version || 1, patience)
  } catch (error) {
    if (version !== 0 || error.code !== 'version_refused') throw error
  }
  return await dialVersion(address, identity, handlers, 2, patience)
}
