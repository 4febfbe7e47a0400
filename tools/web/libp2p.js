// SPDX-License-Identifier: MIT OR Apache-2.0
// A libp2p dialer for browsers: WebRTC-Direct in both versions, Noise, streams, multistream-select.
import { concat, delimited, fields, readVarint, text, utf8 } from './bytes.js'
import { NoiseResponder } from './identity.js'
import { parseDirect } from './multiaddr.js'

const MULTISTREAM = '/multistream/1.0.0'
const MAX_FRAME = 16384 // octets that are sent in one message, with the length in front
const MAX_PAYLOAD = MAX_FRAME - 3 - 1 - 3
const MAX_INCOMING_FRAME = 257 * 1024
const HIGH_WATER = 1024 * 1024 // octets that the browser may hold before a writer waits
const LOW_WATER = 256 * 1024
const MAX_PROTOCOL_NAME = 1024
const MAX_EARLY_CHANNELS = 16
const NEGOTIATION = 10_000 // milliseconds
const GOODBYE = 10_000 // for the answer to a FIN
const CREDENTIALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const FIN = 0; const STOP_SENDING = 1; const RESET = 2; const FIN_ACK = 3
const flagFrame = flag => Uint8Array.of(2, 8, flag)

/** An error with a short name for programs: refused, timed_out, peer_mismatch, no_common_protocol, stream_reset, … */
export class P2pError extends Error {
  constructor (code, message) {
    super(message)
    this.code = code
  }
}

/** Rejects with `timed_out` when `promise` takes longer than so many milliseconds. */
export function within (milliseconds, promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new P2pError('timed_out', what)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/**
 * One stream: octets both ways, each half with an end of its own. One read and one write at a time.
 * Chromium has no backpressure for what a channel receives: whoever asks for much should read it.
 */
export class Stream {
  constructor (channel) {
    this.channel = channel
    this.protocol = ''
    this.chunks = [] // arrived and not read
    this.partial = new Uint8Array(0) // the beginning of a frame
    this.ended = false // the remote has sent its FIN
    this.error = null // why both halves are over
    this.stopped = false // the remote reads no more
    this.finSent = false
    this.finAcked = false
    this.wakeReader = null
    this.wakeWriters = []
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_WATER
    channel.onmessage = ({ data }) => this.#arrived(new Uint8Array(data))
    channel.onbufferedamountlow = () => this.#wake()
    channel.onopen = () => this.#wake()
    channel.onclose = () => {
      if (!this.ended) this.#fail(new P2pError('stream_reset', 'The stream was cut off.'))
      this.finAcked ||= this.finSent
      this.#wake()
    }
  }

  /** The next octets, as they came; null at the end. Rejects with `stream_reset`. */
  async read () {
    for (;;) {
      const chunk = this.chunks.shift()
      if (chunk) return chunk
      if (this.error) throw this.error
      if (this.ended) return null
      await new Promise(resolve => { this.wakeReader = resolve })
    }
  }

  /** Puts octets back that were read and not used. */
  unread (octets) { if (octets.length > 0) this.chunks.unshift(octets) }

  /** Exactly so many octets; null when the end comes before the first. */
  async readExactly (count) {
    let all = new Uint8Array(0)
    while (all.length < count) {
      const chunk = await this.read()
      if (chunk === null) {
        if (all.length === 0) return null
        throw new P2pError('protocol_violation', 'The stream ended in the middle of a message.')
      }
      all = all.length === 0 ? chunk : concat(all, chunk)
    }
    this.unread(all.subarray(count))
    return all.subarray(0, count)
  }

  /** One message with its length in front, of at most `limit` octets; null at the end. */
  async readDelimited (limit) {
    let head = new Uint8Array(0)
    for (;;) {
      const octet = await this.readExactly(1)
      if (octet === null) {
        if (head.length === 0) return null
        throw new P2pError('protocol_violation', 'The stream ended in the middle of a length.')
      }
      head = concat(head, octet)
      const length = readVarint(head)
      if (length === undefined) continue
      if (length === null || length[0] > limit) throw new P2pError('protocol_violation', 'A message is too long.')
      if (length[0] === 0) return new Uint8Array(0)
      const message = await this.readExactly(length[0])
      if (message === null) throw new P2pError('protocol_violation', 'The stream ended in the middle of a message.')
      return message
    }
  }

  /** Resolves when the browser has taken all of it, not when it has arrived. */
  async write (octets) {
    for (let at = 0; at < octets.length; at += MAX_PAYLOAD) {
      await this.#room()
      const payload = octets.subarray(at, at + MAX_PAYLOAD)
      const body = concat(Uint8Array.of(0x12), delimited(payload))
      this.channel.send(delimited(body))
    }
  }

  /** Nothing more follows. Resolves when the remote has all of it. */
  async closeWrite () {
    if (this.finSent) return
    await this.#room(true)
    this.finSent = true
    this.channel.send(flagFrame(FIN))
    const answered = async () => {
      while (!this.finAcked && !this.error) await this.#woken()
    }
    await within(GOODBYE, answered(), 'The remote does not answer the end of a stream.').catch(error => {
      this.abort()
      throw error
    })
    if (this.error) throw this.error
  }

  /** Ends both halves at once. */
  abort () {
    if (this.channel.readyState === 'open') {
      try { this.channel.send(flagFrame(RESET)) } catch { /* it is over anyway */ }
    }
    this.#fail(new P2pError('stream_reset', 'The stream was reset here.'))
    this.channel.close()
  }

  /** Octets that were written and are not on the network yet. */
  get buffered () { return this.channel.bufferedAmount }

  async #room (forFin = false) {
    for (;;) {
      if (this.error) throw this.error
      if (this.finSent) throw new P2pError('write_closed', 'The stream was closed for writing.')
      if (this.stopped && !forFin) throw new P2pError('write_closed', 'The remote reads no more.')
      if (this.channel.readyState === 'open' && this.channel.bufferedAmount < HIGH_WATER) return
      if (this.channel.readyState === 'closed') throw new P2pError('stream_reset', 'The stream is closed.')
      await this.#woken()
    }
  }

  #woken () { return new Promise(resolve => { this.wakeWriters.push(resolve) }) }

  #wake () {
    this.wakeReader?.()
    this.wakeReader = null
    for (const wake of this.wakeWriters.splice(0)) wake()
  }

  #fail (error) {
    if (this.error) return
    this.error = error
    this.chunks = []
    this.#wake()
  }

  // A channel is a sequence of octets: where its messages begin means nothing.
  #arrived (octets) {
    if (this.error) return
    if (this.partial.length > 0) octets = concat(this.partial, octets)
    let at = 0
    while (at < octets.length) {
      const length = readVarint(octets, at)
      if (length === undefined) break
      if (length === null || length[0] > MAX_INCOMING_FRAME) return this.abort()
      const end = length[1] + length[0]
      if (end > octets.length) break
      const frame = fields(octets.subarray(length[1], end))
      if (frame === null) return this.abort()
      at = end
      const payload = frame.get(2)?.[0]
      if (payload instanceof Uint8Array && payload.length > 0 && !this.ended) this.chunks.push(payload)
      const flag = frame.get(1)?.[0]
      if (flag !== undefined) this.#flagged(flag)
      if (this.error) return
    }
    this.partial = octets.slice(at)
    this.#wake()
  }

  #flagged (flag) {
    if (flag === FIN && !this.ended) {
      this.ended = true
      if (this.channel.readyState === 'open') this.channel.send(flagFrame(FIN_ACK))
    } else if (flag === FIN_ACK) {
      this.finAcked = this.finSent
    } else if (flag === STOP_SENDING) {
      this.stopped = true
    } else if (flag === RESET) {
      this.#fail(new P2pError('stream_reset', 'The remote has reset the stream.'))
      this.channel.close()
    }
    if (this.ended && this.finAcked) this.channel.close()
  }
}

const line = name => delimited(utf8(name + '\n'))

async function readLine (stream) {
  const message = await stream.readDelimited(MAX_PROTOCOL_NAME)
  if (message === null) throw new P2pError('stream_reset', 'The stream ended before a protocol was agreed on.')
  if (message.at(-1) !== 10) throw new P2pError('protocol_violation', 'A protocol name does not end in a line feed.')
  return text(message.subarray(0, -1))
}

async function propose (stream, protocol) {
  await stream.write(concat(line(MULTISTREAM), line(protocol)))
  if (await readLine(stream) !== MULTISTREAM) throw new P2pError('protocol_violation', 'The remote speaks no multistream.')
  if (await readLine(stream) !== protocol) throw new P2pError('no_common_protocol', `The remote does not serve ${protocol}.`)
  stream.protocol = protocol
}

async function serve (stream, handlers) {
  if (await readLine(stream) !== MULTISTREAM) throw new P2pError('protocol_violation', 'The remote speaks no multistream.')
  await stream.write(line(MULTISTREAM))
  for (let tries = 0; tries < 16; tries++) {
    const protocol = await readLine(stream)
    const handler = handlers.get(protocol)
    await stream.write(line(handler ? protocol : 'na'))
    if (handler) {
      stream.protocol = protocol
      return handler
    }
  }
  throw new P2pError('no_common_protocol', 'The remote proposed too much.')
}

/** A connection, made by `dial`. `closed` resolves with the reason once it has ended. */
export class Connection {
  constructor (pc, handlers) {
    this.pc = pc
    this.handlers = handlers
    this.peer = ''
    this.version = 0
    this.early = []
    this.streams = new Set()
    this.closed = new Promise(resolve => { this.end = resolve })
    pc.ondatachannel = ({ channel }) => {
      if (this.early === null) this.#accept(channel)
      else if (this.early.length < MAX_EARLY_CHANNELS) this.early.push(new Stream(channel))
      else channel.close()
    }
    pc.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(pc.connectionState)) this.close('The connection was lost.')
    }
  }

  /** Noise is done: what the remote has opened meanwhile is served. */
  begin () {
    const early = this.early
    this.early = null
    this.pc.sctp.transport.onstatechange = ({ target }) => {
      if (target.state === 'closed') this.close('The node has closed the connection.')
    }
    for (const stream of early) this.#serve(stream)
  }

  async open (protocol) {
    if (this.pc.connectionState === 'closed') throw new P2pError('connection_closed', 'There is no connection.')
    const stream = new Stream(this.pc.createDataChannel(''))
    this.streams.add(stream)
    stream.channel.addEventListener('close', () => this.streams.delete(stream))
    try {
      await within(NEGOTIATION, propose(stream, protocol), 'No answer to a new stream.')
    } catch (error) {
      stream.abort()
      throw error
    }
    return stream
  }

  close (reason = 'Closed here.') {
    this.pc.onconnectionstatechange = null
    this.pc.close()
    for (const stream of this.streams) stream.channel.onclose?.()
    this.streams.clear()
    this.end(reason)
  }

  #accept (channel) { this.#serve(new Stream(channel)) }

  async #serve (stream) {
    this.streams.add(stream)
    stream.channel.addEventListener('close', () => this.streams.delete(stream))
    try {
      const handler = await within(NEGOTIATION, serve(stream, this.handlers), 'The remote proposes no protocol.')
      await handler(stream, this)
    } catch {
      stream.abort()
    }
  }
}

const hex = octets => [...octets].map(octet => octet.toString(16).padStart(2, '0').toUpperCase())

function answerFor (address, credentials) {
  const family = address.family.toUpperCase()
  return [
    'v=0', `o=- 0 0 IN ${family} ${address.host}`, 's=-', 't=0 0', 'a=ice-lite',
    `m=application ${address.port} UDP/DTLS/SCTP webrtc-datachannel`, `c=IN ${family} ${address.host}`, 'a=mid:0',
    'a=ice-options:ice2', `a=ice-ufrag:${credentials}`, `a=ice-pwd:${credentials}`,
    `a=fingerprint:sha-256 ${hex(address.fingerprint).join(':')}`, 'a=setup:passive', 'a=sctp-port:5000',
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

/** The two messages that the remote sends and the one that we send, on channel 0. */
async function shakeHands (stream, pc, address, identity) {
  const own = ofSdp(pc.localDescription.sdp, 'fingerprint')?.match(/^sha-256 ([\dA-F:]+)$/i)
  if (!own) throw new P2pError('unsupported', 'The browser does not tell the SHA-256 of its certificate.')
  const fingerprint = Uint8Array.from(own[1].split(':'), pair => parseInt(pair, 16))
  const prologue = concat(utf8('libp2p-webrtc-noise:'), [0x12, 32], fingerprint, [0x12, 32], address.fingerprint)
  const noise = await NoiseResponder.prepare(identity, prologue)
  const message = async () => {
    const length = await stream.readExactly(2)
    const octets = length && await stream.readExactly(length[0] * 256 + length[1])
    if (!octets) throw new P2pError('connection_closed', 'The node has closed the connection during the handshake.')
    return octets
  }
  const second = await noise.answer(await message())
  await stream.write(concat([second.length >> 8, second.length & 255], second))
  const peer = await noise.finish(await message())
  if (address.peer && peer !== address.peer) {
    throw new P2pError('peer_mismatch', `It is ${peer} who answers, not ${address.peer}.`)
  }
  return peer
}

async function dialVersion (address, identity, handlers, version, patience) {
  const pc = new RTCPeerConnection()
  const connection = new Connection(pc, handlers)
  const channel = new Stream(pc.createDataChannel('', { negotiated: true, id: 0 }))
  const lost = connection.closed.then(() => {
    throw new P2pError('connection_closed', 'The connection failed: nobody answers there, or with another certificate.')
  })
  const connect = async () => {
    await pc.setRemoteDescription({ type: 'answer', sdp: await describe(pc, address, version) })
    connection.peer = await shakeHands(channel, pc, address, identity)
  }
  try {
    lost.catch(() => {})
    await within(patience, Promise.race([connect(), lost]), 'No answer: nobody listens there, or with another certificate.')
  } catch (error) {
    connection.close()
    throw error
  }
  connection.version = version
  connection.begin()
  return connection
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
