// SPDX-License-Identifier: MIT OR Apache-2.0
// yamux: many streams over one. Everything that the remote can make grow has a bound.
import { ByteStream } from './byte_stream.js'
import { concat } from './bytes.js'
import { P2pError } from './errors.js'

const DATA = 0; const WINDOW_UPDATE = 1; const PING = 2; const GO_AWAY = 3
const SYN = 1; const ACK = 2; const FIN = 4; const RST = 8
const HEADER = 12
const WINDOW = 256 * 1024 // octets of one stream that may wait unread
const MAX_WINDOW = 2 ** 32 - 1
const MAX_DATA = 16 * 1024 // octets that are sent in one frame
const MAX_STREAMS = 64 // that the remote has opened
const MAX_QUEUED = 256 // answers that wait for a remote that does not read
const PROTOCOL_ERROR = 1

export const yamuxHeader = (type, flags, id, length) => {
  const octets = new Uint8Array(HEADER)
  const view = new DataView(octets.buffer)
  octets[1] = type
  view.setUint16(2, flags)
  view.setUint32(4, id)
  view.setUint32(8, length)
  return octets
}

/** The stream's writer waits for the remote's window; `closeWrite` resolves once the end is on its way. */
class YamuxStream extends ByteStream {
  constructor (session, id) {
    super()
    Object.assign(this, { session, id, sendWindow: WINDOW, receiveWindow: WINDOW, consumed: 0, finSent: false })
  }

  async write (octets) {
    for (let at = 0; at < octets.length;) {
      if (this.error) throw this.error
      if (this.finSent) throw new P2pError('write_closed', 'The stream was closed for writing.')
      const count = Math.min(octets.length - at, this.sendWindow, MAX_DATA)
      if (count === 0) {
        await this.changed()
        continue
      }
      this.sendWindow -= count
      await this.session.send(DATA, 0, this.id, octets.subarray(at, at + count))
      at += count
    }
  }

  async closeWrite () {
    if (this.error) throw this.error
    if (this.finSent) return
    this.finSent = true
    await this.session.send(DATA, FIN, this.id)
    this.finishIfOver()
  }

  abort () {
    if (!this.error && !(this.finSent && this.ended)) this.session.answer(WINDOW_UPDATE, RST, this.id, 0)
    this.fail(new P2pError('stream_reset', 'The stream was reset here.'))
  }

  get buffered () { return 0 }

  taken (count) {
    this.consumed += count
    if (this.consumed < WINDOW / 2 || this.ended || this.error) return
    this.receiveWindow += this.consumed
    this.session.answer(WINDOW_UPDATE, 0, this.id, this.consumed)
    this.consumed = 0
  }

  finishIfOver () { if (this.finSent && this.ended) this.finish() }
}

/** A session over `pipe`, a stream that nobody else uses. `closed` resolves with the reason once it has ended. */
export class Yamux {
  #streams = new Map()
  #inbound = 0
  #queued = 0
  #writing = Promise.resolve()
  #lastRemote = 0
  #isOver = false
  #end

  constructor (pipe, isDialer) {
    Object.assign(this, { pipe, isDialer, next: isDialer ? 1 : 2, onstream: null })
    this.closed = new Promise(resolve => { this.#end = resolve })
  }

  begin (onstream) {
    this.onstream = onstream
    this.#run().then(() => this.#over('The remote has closed the connection.'), error => this.#failed(error))
  }

  openStream () {
    if (this.#isOver) throw new P2pError('connection_closed', 'There is no connection.')
    const stream = this.#add(this.next)
    this.next += 2
    this.answer(WINDOW_UPDATE, SYN, stream.id, 0)
    return stream
  }

  close (reason = 'Closed here.') {
    if (this.#isOver) return
    this.send(GO_AWAY, 0, 0, 0).then(() => this.pipe.closeWrite()).catch(() => {}).finally(() => this.pipe.abort())
    this.#over(reason)
  }

  /** Resolves when the pipe has taken the frame. `body`: octets, or a number that stands in the length's place. */
  send (type, flags, id, body = new Uint8Array(0)) {
    const frame = typeof body === 'number'
      ? yamuxHeader(type, flags, id, body)
      : concat(yamuxHeader(type, flags, id, body.length), body)
    const written = this.#writing.then(() => this.pipe.write(frame))
    this.#writing = written.catch(error => this.#failed(error))
    return written
  }

  /** As `send`, of what the remote has caused: too many that it does not take end the session. */
  answer (type, flags, id, number) {
    if (this.#isOver) return
    if (++this.#queued > MAX_QUEUED) return this.#failed(new P2pError('limit_exceeded', 'The remote does not read.'))
    this.send(type, flags, id, number).catch(() => {}).finally(() => this.#queued--)
  }

  #add (id) {
    const stream = new YamuxStream(this, id)
    const isInbound = this.#isRemote(id)
    this.#streams.set(id, stream)
    this.#inbound += isInbound
    stream.finished.then(() => {
      this.#streams.delete(id)
      this.#inbound -= isInbound
    })
    return stream
  }

  #isRemote (id) { return (id % 2 === 1) !== this.isDialer }

  async #run () {
    for (let head; !this.#isOver && (head = await this.pipe.readExactly(HEADER)) !== null;) {
      const view = new DataView(head.buffer, head.byteOffset)
      const [version, type, flags] = [view.getUint8(0), view.getUint8(1), view.getUint16(2)]
      const [id, length] = [view.getUint32(4), view.getUint32(8)]
      if (version !== 0 || type > GO_AWAY) throw violation('no yamux frame')
      if (type === PING) {
        if (flags & SYN) this.answer(PING, ACK, 0, length)
      } else if (type === GO_AWAY) {
        return
      } else {
        await this.#ofStream(type, flags, id, length)
      }
    }
  }

  async #ofStream (type, flags, id, length) {
    const isNew = (flags & SYN) !== 0
    if (isNew) {
      if (id === 0 || !this.#isRemote(id) || id <= this.#lastRemote) throw violation('a stream that cannot be opened')
      this.#lastRemote = id
    }
    const isTaken = isNew && this.#inbound < MAX_STREAMS
    const stream = isTaken ? this.#add(id) : this.#streams.get(id)
    if (isNew) this.answer(WINDOW_UPDATE, isTaken ? ACK : RST, id, 0)
    if (type === DATA) {
      if (length > (stream?.receiveWindow ?? WINDOW)) throw violation('more than its window')
      const octets = length === 0 ? new Uint8Array(0) : await this.pipe.readExactly(length)
      if (octets === null) throw violation('the end in the middle of a frame')
      if (stream && !stream.error && !stream.ended) {
        stream.receiveWindow -= length
        stream.deliver(octets)
      }
    } else if (stream) {
      stream.sendWindow += length
      if (stream.sendWindow > MAX_WINDOW) throw violation('a window that is too large')
      stream.wake()
    }
    if (!stream) return // forgotten: what was under way is dropped
    if (flags & RST) stream.fail(new P2pError('stream_reset', 'The remote has reset the stream.'))
    else if (flags & FIN) {
      stream.deliverEnd()
      stream.finishIfOver()
    }
    if (isTaken) this.onstream(stream)
  }

  #failed (error) {
    if (this.#isOver) return
    if (error.code === 'protocol_violation') this.send(GO_AWAY, 0, 0, PROTOCOL_ERROR).catch(() => {}).finally(() => this.pipe.abort())
    else this.pipe.abort()
    this.#over(error.code === 'stream_reset' ? 'The connection was lost.' : error.message)
  }

  #over (reason) {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of this.#streams.values()) stream.fail(new P2pError('stream_reset', 'The connection has ended.'))
    this.#end(reason)
  }
}

const violation = what => new P2pError('protocol_violation', `yamux: ${what}.`)
