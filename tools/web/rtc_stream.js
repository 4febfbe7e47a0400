// SPDX-License-Identifier: MIT OR Apache-2.0
// Streams on data channels: frames with a payload, and flags that give each half an end of its own.
import { ByteStream } from './byte_stream.js'
import { concat, delimited, fields, readVarint } from './bytes.js'
import { P2pError, within } from './errors.js'

const MAX_FRAME = 16384 // octets that are sent in one message, with the length in front
const MAX_PAYLOAD = MAX_FRAME - 3 - 1 - 3
const MAX_INCOMING_FRAME = 257 * 1024
const MAX_UNREAD = 16 * 1024 * 1024 // octets: a channel has no backpressure of its own
const HIGH_WATER = 1024 * 1024 // octets that the browser may hold before a writer waits
const LOW_WATER = 256 * 1024
const GOODBYE = 10_000 // milliseconds for the answer to a FIN

const FIN = 0; const STOP_SENDING = 1; const RESET = 2; const FIN_ACK = 3
const flagFrame = flag => Uint8Array.of(2, 8, flag)

/** A stream of libp2p's WebRTC transports. Whoever does not read what comes loses it at 16 MiB. */
export class RtcStream extends ByteStream {
  constructor (channel) {
    super()
    this.channel = channel
    this.partial = new Uint8Array(0) // the beginning of a frame
    this.stopped = false // the remote reads no more
    this.finSent = false
    this.finAcked = false
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_WATER
    channel.onmessage = ({ data }) => this.#arrived(new Uint8Array(data))
    channel.onbufferedamountlow = () => this.wake()
    channel.onopen = () => this.wake()
    channel.onclose = () => {
      if (!this.ended) this.fail(new P2pError('stream_reset', 'The stream was cut off.'))
      this.finAcked ||= this.finSent
      this.finish()
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
    for (let left = Infinity; !this.finAcked && !this.error;) {
      await within(GOODBYE, this.changed(), 'The remote does not answer the end of a stream.').catch(error => {
        const isMoving = this.buffered < left // what was written before may take its time
        left = this.buffered
        if (isMoving && left > 0) return
        this.abort()
        throw error
      })
    }
    if (this.error) throw this.error
  }

  /** Ends both halves at once. */
  abort () {
    if (this.channel.readyState === 'open') {
      try { this.channel.send(flagFrame(RESET)) } catch { /* it is over anyway */ }
    }
    this.fail(new P2pError('stream_reset', 'The stream was reset here.'))
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
      await this.changed()
    }
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
      if (payload instanceof Uint8Array && !this.ended) this.deliver(payload)
      if (this.unreadOctets > MAX_UNREAD) return this.abort()
      const flag = frame.get(1)?.[0]
      if (flag !== undefined) this.#flagged(flag)
      if (this.error) return
    }
    this.partial = octets.slice(at)
    this.wake()
  }

  #flagged (flag) {
    if (flag === FIN && !this.ended) {
      this.deliverEnd()
      if (this.channel.readyState === 'open') this.channel.send(flagFrame(FIN_ACK))
    } else if (flag === FIN_ACK) {
      this.finAcked = this.finSent
    } else if (flag === STOP_SENDING) {
      this.stopped = true
    } else if (flag === RESET) {
      this.fail(new P2pError('stream_reset', 'The remote has reset the stream.'))
      this.channel.close()
    }
    if (this.ended && this.finAcked) this.channel.close()
  }
}
