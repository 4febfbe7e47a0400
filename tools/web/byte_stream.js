// SPDX-License-Identifier: MIT OR Apache-2.0
// What all streams have in common: octets that wait for their reader, and the ways to read them.
import { concat, readVarint } from './bytes.js'
import { P2pError } from './errors.js'

/**
 * Octets both ways, each half with an end of its own. One read and one write at a time. What derives from it has
 * write(octets), closeWrite() and abort(), and calls deliver(), deliverEnd(), fail() and finish().
 */
export class ByteStream {
  protocol = '' // that was agreed on
  ended = false // the remote's end has come
  error = null // why both halves are over
  unreadOctets = 0
  #chunks = []
  #waiting = []
  #finish

  constructor () {
    /** Resolves when nothing can come or go any more. */
    this.finished = new Promise(resolve => { this.#finish = resolve })
  }

  /** The next octets, as they came; null at the end. Rejects with `stream_reset`. */
  async read () {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk) {
        this.unreadOctets -= chunk.length
        this.taken(chunk.length)
        return chunk
      }
      if (this.error) throw this.error
      if (this.ended) return null
      await this.more()
    }
  }

  /** Puts octets back that were read and not used. */
  unread (octets) {
    if (octets.length === 0) return
    this.#chunks.unshift(octets)
    this.unreadOctets += octets.length
    this.taken(-octets.length)
  }

  /** Exactly so many octets; null when the end comes before the first. */
  async readExactly (count) {
    const parts = []
    let have = 0
    while (have < count) {
      const chunk = await this.read()
      if (chunk === null) {
        if (have === 0) return null
        throw new P2pError('protocol_violation', 'The stream ended in the middle of a message.')
      }
      const used = chunk.subarray(0, count - have)
      this.unread(chunk.subarray(used.length))
      parts.push(used)
      have += used.length
    }
    return parts.length === 1 ? parts[0] : concat(...parts)
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

  /** Waits for octets or the end; what reads on demand brings them. */
  more () { return this.changed() }

  /** Called with what a reader has taken; less than nothing where it was put back. */
  taken () {}

  deliver (octets) {
    if (octets.length === 0) return
    this.#chunks.push(octets)
    this.unreadOctets += octets.length
    this.wake()
  }

  deliverEnd () {
    this.ended = true
    this.wake()
  }

  /** Ends both halves; what has arrived is forgotten. */
  fail (error) {
    if (this.error) return
    this.error = error
    this.#chunks = []
    this.unreadOctets = 0
    this.finish()
  }

  finish () {
    this.#finish()
    this.wake()
  }

  /** Until something happens to the stream. */
  changed () { return new Promise(resolve => { this.#waiting.push(resolve) }) }

  wake () { for (const resolve of this.#waiting.splice(0)) resolve() }
}
