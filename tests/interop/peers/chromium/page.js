// SPDX-License-Identifier: MIT OR Apache-2.0

// What runs in Chromium: js-libp2p as a dialer over WebRTC-Direct, version 1, and over WebSocket. peer.js calls these functions.
import { identify as identifyService } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping as pingService } from '@libp2p/ping'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const AGENT = 'interop-chromium/3.3.11'
const PING = '/ipfs/ping/1.0.0'
const ECHO = '/echo/1.0.0'
const PERF = '/perf/1.0.0'
const RESET = '/interop/reset/1.0.0'
const BLOCK = 64 * 1024
const MANY = 1_000_000

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))
const now = () => performance.now()
const quantile = (sorted, q) => sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)] ?? 0

class Failure extends Error {
  constructor (code, message) {
    super(message)
    this.code = code
  }
}

function allErrors (error) {
  if (error == null) return []
  const inner = [...(error.errors ?? []), error.cause, error.error].filter(e => e != null)
  return [error, ...inner.flatMap(allErrors)]
}

const nameOf = error => error.name ?? `${error.type} event`

function codeOf (error) {
  if (error instanceof Failure) return error.code
  const text = allErrors(error).map(e => `${nameOf(e)} ${e.code ?? ''} ${e.message ?? ''}`).join('\n')
  const has = pattern => pattern.test(text)
  if (has(/UnexpectedPeer|does not match expected|Unexpected peer|peer ?id.*match/i)) return 'peer_mismatch'
  if (has(/UnsupportedProtocol|Protocol selection failed/i)) return 'no_common_protocol'
  if (has(/StreamReset|StreamAborted|stream has been reset/i)) return 'stream_reset'
  if (has(/Timeout|timed out/i)) return 'timed_out'
  if (has(/ConnectionClosed|StreamClosed|close|UnexpectedEOF/i)) return 'connection_closed'
  return 'io_error'
}

function newNode () {
  return createLibp2p({
    addresses: { listen: [] },
    nodeInfo: { userAgent: AGENT },
    transports: [webSockets(), webRTCDirect()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: MANY },
    connectionMonitor: { enabled: false }, // it ends a connection whose pings wait behind what is measured
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identifyService(), ping: pingService() }
  })
}

async function dial (address) {
  const node = await newNode()
  const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(30_000) })
  globalThis.held = { node, connection } // what nobody refers to might be collected while a command waits
  return { node, connection, open: protocol => connection.newStream(protocol, { maxOutboundStreams: MANY }) }
}

// The test pattern repeats every 251 octets, so one table serves every offset.
const pattern = Uint8Array.from({ length: 2 * BLOCK + 251 }, (_, i) => (i * 31 + 7) % 251)
const patternAt = (offset, count) => pattern.subarray(offset % 251, offset % 251 + count)
const equal = (a, b) => a.length === b.length && a.every((octet, i) => octet === b[i])

function joined (parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

async function send (stream, octets) {
  if (!stream.send(octets)) await stream.onDrain()
}

const u64 = number => {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(number))
  return octets
}

/** Tells how the reading of a stream ended. */
async function readAll (stream, each, deadline = 300_000) {
  const timer = setTimeout(() => stream.abort(new Failure('timed_out', 'the end did not come')), deadline)
  try {
    for await (const octets of stream) each(octets.subarray())
    if (stream.status === 'reset') throw new Failure('stream_reset', 'the stream was reset')
  } finally {
    clearTimeout(timer)
  }
}

/** Sends all, closes, and gives what came back meanwhile. */
async function exchange (stream, octets) {
  const parts = []
  const reading = readAll(stream, part => parts.push(part))
  reading.catch(() => {})
  for (let at = 0; at < octets.length; at += BLOCK) await send(stream, octets.subarray(at, at + BLOCK))
  await stream.close()
  await reading
  return joined(parts)
}

const summary = (kind, times, failed, seconds, first) => ({
  event: 'summary', [kind]: times.length, failed, median_ms: quantile(times, 0.5), p99_ms: quantile(times, 0.99),
  per_second: times.length / seconds, ...first && { first_failure: `${codeOf(first)}: ${first.message}` }
})

async function timed (kind, count, parallel, work, after = async () => {}) {
  const times = []
  let next = 0
  let failed = 0
  let first
  const begin = now()
  await Promise.all(Array.from({ length: parallel }, async (_, worker) => {
    while (next++ < count) {
      const start = now()
      try {
        await work(worker)
        times.push(now() - start)
      } catch (error) {
        failed++
        first ??= error
      }
      await after(worker)
    }
  }))
  const seconds = (now() - begin) / 1000
  if (times.length === 0 && first != null) throw first
  times.sort((a, b) => a - b)
  return [summary(kind, times, failed, seconds, first)]
}

/** One long-lived stream, a ping after the other. */
class Pinger {
  constructor (stream) {
    this.stream = stream
    this.parts = []
    this.ended = false
    stream.addEventListener('message', ({ data }) => {
      this.parts.push(data.subarray())
      this.wake?.()
    })
    stream.addEventListener('close', () => {
      this.ended = true
      this.wake?.()
    })
  }

  async once () {
    const sent = crypto.getRandomValues(new Uint8Array(32))
    this.parts = []
    const start = now()
    this.stream.send(sent)
    while (joined(this.parts).length < 32) {
      if (this.ended) throw new Failure('connection_closed', 'the ping stream ended')
      await new Promise(resolve => { this.wake = resolve })
    }
    if (!equal(joined(this.parts), sent)) throw new Failure('protocol_violation', 'another answer to a ping')
    return now() - start
  }
}

const commands = {
  async ping (address, { count }) {
    const { open } = await dial(address)
    const pinger = new Pinger(await open(PING))
    const times = []
    for (let i = 0; i < count; i++) times.push(await pinger.once())
    const events = times.map(took => ({ event: 'ping', rtt_ms: took }))
    times.sort((a, b) => a - b)
    return [...events, { event: 'summary', sent: count, received: times.length, min_ms: times[0], median_ms: quantile(times, 0.5), max_ms: times.at(-1) }]
  },

  async unified (address) {
    const start = now()
    const { open } = await dial(address)
    const pinger = new Pinger(await open(PING))
    await pinger.once()
    const handshake = now() - start
    return [{ handshake, ping: await pinger.once() }]
  },

  async identify (address) {
    const node = await newNode()
    const seen = new Promise(resolve => node.addEventListener('peer:identify', resolve, { once: true }))
    const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(30_000) })
    const event = await Promise.race([seen, sleep(10_000)])
    if (event == null) throw new Failure('timed_out', 'identify did not complete')
    const known = event.detail
    return [{
      peer: known.peerId.toString(), agent: known.agentVersion, protocols: known.protocols,
      addresses: known.listenAddrs.map(String), observed: known.observedAddr?.toString() ?? '',
      signed_record: known.signedPeerRecord != null, transport: address.includes('/ws/') ? 'websocket' : 'webrtc-direct',
      security: connection.encryption ?? 'noise', muxer: connection.multiplexer ?? 'webrtc-direct'
    }]
  },

  async perf (address, { upload, download }) {
    const { open } = await dial(address)
    const start = now()
    const stream = await open(PERF)
    let got = 0
    let uploaded
    const reading = readAll(stream, octets => {
      uploaded ??= now()
      got += octets.length
    })
    reading.catch(() => {})
    const zeros = new Uint8Array(BLOCK)
    await send(stream, u64(download))
    for (let left = upload; left > 0; left -= BLOCK) await send(stream, zeros.subarray(0, left))
    await stream.close()
    await reading
    const end = now()
    uploaded ??= end
    if (got !== download) throw new Failure('protocol_violation', `asked for ${download} octets, got ${got}`)
    return [{ upload_bytes: upload, upload_seconds: (uploaded - start) / 1000, download_bytes: got, download_seconds: (end - uploaded) / 1000 }]
  },

  async 'perf-echo' (address, { bytes }) {
    const { open } = await dial(address)
    const start = now()
    const stream = await open(ECHO)
    let got = 0
    let wrong = -1
    const reading = readAll(stream, octets => {
      for (let at = 0; at < octets.length; at += BLOCK) {
        const part = octets.subarray(at, at + BLOCK)
        if (wrong < 0 && !equal(patternAt(got, part.length), part)) wrong = got
        got += part.length
      }
    })
    reading.catch(() => {})
    for (let at = 0; at < bytes;) {
      const part = patternAt(at, Math.min(BLOCK, bytes - at))
      await send(stream, part)
      at += part.length
    }
    await stream.close()
    await reading
    if (wrong >= 0) throw new Failure('protocol_violation', `wrong octets after ${wrong}`)
    if (got !== bytes) throw new Failure('protocol_violation', `sent ${bytes} octets, got ${got}`)
    return [{ event: 'perf_echo', bytes: got, ok: true, seconds: (now() - start) / 1000 }]
  },

  async echo (address, { input }) {
    const { open } = await dial(address)
    const octets = Uint8Array.from(atob(input), c => c.charCodeAt(0))
    const answer = await exchange(await open(ECHO), octets)
    let written = ''
    for (let at = 0; at < answer.length; at += 4096) written += String.fromCharCode(...answer.subarray(at, at + 4096))
    return [{ output: btoa(written) }]
  },

  async connect (address, { count, parallel }) {
    // Dials of one node to one peer are joined, so each worker is a node.
    const nodes = await Promise.all(Array.from({ length: parallel }, newNode))
    const connections = []
    return timed('connections', count, parallel, async worker => {
      connections[worker] = await nodes[worker].dial(multiaddr(address), { signal: AbortSignal.timeout(30_000) })
    }, async worker => { await connections[worker]?.close().catch(() => {}) })
  },

  async streams (address, { count, parallel }) {
    const { open } = await dial(address)
    const sent = patternAt(0, 1024)
    return timed('streams', count, parallel, async () => {
      const answer = await exchange(await open(ECHO), sent)
      if (!equal(sent, answer)) throw new Failure('protocol_violation', 'other octets than were sent')
    })
  },

  async 'half-close' (address) {
    const { open } = await dial(address)
    const sent = patternAt(0, 100_000)
    return [{ event: 'half_close', ok: equal(sent, await exchange(await open(ECHO), sent)) }]
  },

  async reset (address) {
    const { open } = await dial(address)
    let stream = await open(RESET)
    const closed = new Promise(resolve => stream.addEventListener('close', resolve, { once: true }))
    stream.send(Uint8Array.of(1))
    const event = await Promise.race([closed, sleep(10_000)])
    const seen = { event: 'reset', seen: event?.error != null && event.local !== true, how: event?.error?.name ?? 'no error' }

    stream = await open(ECHO)
    const text = new TextEncoder().encode('to be reset')
    const parts = []
    const back = new Promise((resolve, reject) => {
      stream.addEventListener('message', ({ data }) => {
        parts.push(data.subarray())
        if (joined(parts).length >= text.length) resolve()
      })
      stream.addEventListener('close', () => reject(new Failure('connection_closed', 'the echo ended early')))
    })
    stream.send(text)
    await back
    if (!equal(text, joined(parts))) throw new Failure('protocol_violation', 'other octets than were sent')
    stream.abort(new Error('as asked'))
    await sleep(500) // the reset shall arrive before the connection ends
    return [seen]
  }
}

/** Gives what the command has to say, or { code, message }. */
globalThis.command = async (name, address, options) => {
  try {
    return { events: await commands[name](address, options) }
  } catch (error) {
    return { code: codeOf(error), message: allErrors(error).map(e => `${nameOf(e)}: ${e.message ?? ''}`).join('; ') }
  }
}
