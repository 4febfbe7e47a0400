// SPDX-License-Identifier: MIT OR Apache-2.0

// A host behind a relay, and one that dials it there or directly over private WebRTC: on js-libp2p, in node and in browsers.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/echo/1.0.0'
const PATIENCE = 20_000
const PIECE = 10_000

/** What the dialer sends: 40,000 octets through a relay, ten times as many where no relay counts them. */
const pattern = size => Uint8Array.from({ length: size }, (_, i) => (i * 31 + 7) % 251)

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

/** `transports` are what a browser does not have. */
export function newHost (listen, transports = [], services = {}) {
  const rtcConfiguration = { iceServers: [] }
  return createLibp2p({
    addresses: { listen },
    transports: [...transports, webSockets(), webRTCDirect(), circuitRelayTransport(), webRTC({ rtcConfiguration })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: { identify: identify(), ping: ping({ runOnLimitedConnection: true }), ...services }
  })
}

/** Reserves at the relay, and serves ping and echo from then on. Gives the event that says so. */
export async function listenBehind (relay, isPrivate, transports = []) {
  const host = await newHost([`${relay}/p2p-circuit`, ...isPrivate ? ['/webrtc'] : []], transports)
  await host.handle(ECHO, async stream => {
    for await (const chunk of stream) {
      if (!stream.send(chunk)) await stream.onDrain()
    }
    await stream.close()
  }, { runOnLimitedConnection: true })
  const wanted = isPrivate ? '/p2p-circuit/webrtc/' : '/p2p-circuit/p2p/'
  const addresses = () => host.getMultiaddrs().map(String).filter(text => text.includes(wanted))
  for (let waited = 0; addresses().length === 0 && waited < PATIENCE; waited += 50) await sleep(50)
  if (addresses().length === 0) throw new Error('the relay gave no reservation')
  return { host, event: { event: 'listening', peer: host.peerId.toString(), addresses: addresses() } }
}

async function echo (connection, sent, signal) {
  const stream = await connection.newStream(ECHO, { runOnLimitedConnection: true, signal })
  const received = new Uint8Array(sent.length)
  let got = 0
  const reading = (async () => {
    for await (const chunk of stream) {
      const octets = chunk.subarray()
      if (got + octets.length <= received.length) received.set(octets, got)
      got += octets.length
    }
  })()
  reading.catch(() => {})
  for (let at = 0; at < sent.length; at += PIECE) {
    if (!stream.send(sent.subarray(at, at + PIECE))) await stream.onDrain({ signal })
  }
  await stream.close({ signal })
  await reading
  if (got !== sent.length || !received.every((octet, i) => octet === sent[i])) throw new Error(`${got} octets, or others`)
  return got
}

/** Dials, pings, and unless `isSilent` has octets echoed. Gives the event that says how. */
export async function dialBehind (address, isSilent, transports = []) {
  const host = await newHost([], transports)
  const signal = AbortSignal.timeout(PATIENCE)
  let step = 'dial'
  try {
    const start = performance.now()
    const connection = await host.dial(multiaddr(address), { signal })
    const event = { event: 'summary', dial_ms: performance.now() - start, limited: connection.limits != null }
    event.direct = connection.remoteAddr.toString().includes('/webrtc/')
    step = 'ping'
    event.rtt_ms = await host.services.ping.ping(connection.remotePeer, { signal })
    step = 'echo'
    if (!isSilent) event.echoed = await echo(connection, pattern(event.direct ? 400_000 : 40_000), signal)
    return { host, event }
  } catch (error) {
    throw new Error(step, { cause: error })
  }
}

/** Ends a host, so that its peers know at once; not for ever. */
export async function endHost (host) {
  await Promise.race([host.stop(), sleep(2000)])
}

function messages (error) {
  if (error == null) return []
  return [error.message, ...[error.cause, ...error.errors ?? []].flatMap(messages)]
}

/** The event for an error. */
export const failure = error => ({ event: 'error', code: 'io_error', message: messages(error).join('; ') })
