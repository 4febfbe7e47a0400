// SPDX-License-Identifier: MIT OR Apache-2.0
import { P2pError, within } from './errors.js'
import { agree, propose } from './multistream.js'

const NEGOTIATION = 10_000 // milliseconds
const MAX_SERVED = 64 // streams of the remote at a time

/**
 * A connection with a peer that has proven who it is, over whatever transport: `peer`, `transport` ('webrtc-direct',
 * 'webrtc', 'websocket' or 'relay'), `isDialer`, and `limited` where a relay bounds it: { seconds, octets }, 0 being no bound.
 * `closed` resolves with the reason once it has ended.
 */
export class Connection {
  #streams = 0

  constructor (muxer, handlers, { peer, transport, isDialer, limited = null, version = 0 }) {
    Object.assign(this, { muxer, handlers, peer, transport, isDialer, limited, version })
    this.closed = muxer.closed
    this.since = Date.now()
    this.served = 0
  }

  /** What the remote opens is served from now on. */
  begin () {
    this.muxer.begin(stream => this.#serve(stream))
    return this
  }

  /** The RTCPeerConnection below, or null. */
  get pc () { return this.muxer.pc ?? null }

  /** Streams of both sides that are open. */
  get streams () { return this.#streams }

  /** Opens a stream. Rejects with `limited_connection` over a relay that bounds it, unless `limited` allows that. */
  async open (protocol, { limited = false } = {}) {
    if (this.limited && !limited) throw new P2pError('limited_connection', 'A relay with limits is the only way to the peer.')
    const stream = this.#count(this.muxer.openStream())
    try {
      await within(NEGOTIATION, propose(stream, protocol), 'No answer to a new stream.')
    } catch (error) {
      stream.abort()
      throw error
    }
    return stream
  }

  close (reason = 'Closed here.') { this.muxer.close(reason) }

  #count (stream) {
    this.#streams++
    stream.finished.then(() => this.#streams--)
    return stream
  }

  async #serve (stream) {
    this.#count(stream)
    if (this.served >= MAX_SERVED) return stream.abort()
    this.served++
    stream.finished.then(() => this.served--)
    try {
      const served = agree(stream, name => this.handlers.has(name))
      const protocol = await within(NEGOTIATION, served, 'The remote proposes no protocol.')
      await this.handlers.get(protocol)(stream, this)
    } catch {
      stream.abort()
    }
  }
}
