// SPDX-License-Identifier: MIT OR Apache-2.0
// The files of one session, both ways. What comes is kept in the page until its owner saves it.
import { inOctets } from './dom.js'
import { P2pError } from './libp2p.js'
import { Incoming, SEND_FILE, digestOf, receiveFile, sendFile } from './send_file.js'

const MAX_FILE = 256 * 1024 * 1024 // octets that a page takes
const MAX_KEPT = 512 * 1024 * 1024 // octets of all files of a session that have come
const MAX_QUESTIONS = 4 // that wait for an answer
const MAX_SHOWN = 32
const QUESTION = 4 * 60_000 // milliseconds
const OVERHEAD = 8 * 1024 // octets of a relay's limit that are not the file's
const RATE_EVERY = 200 // milliseconds

/** `state`: 'hashing', 'waiting', 'asking', 'agreed', 'moving', 'done', 'failed', 'refused'. */
class Transfer {
  done = 0
  rate = 0 // octets a second
  error = ''
  url = '' // of what has come, as a whole
  #last = [0, 0]

  constructor (isOutgoing, name, size, state) { Object.assign(this, { isOutgoing, name, size, state }) }

  progress (count) {
    const now = performance.now()
    const [time, before] = this.#last
    this.done = count
    if (now - time < RATE_EVERY) return false
    if (time > 0) this.rate = (count - before) * 1000 / (now - time)
    this.#last = [now, count]
    return true
  }
}

export class Transfers {
  list = []

  constructor (session, onchange) { Object.assign(this, { session, onchange }) }

  /** Sends a File; also again, where it was cut off: the other end takes what it lacks. */
  async send (file, transfer = this.#add(new Transfer(true, file.name, file.size, 'hashing'))) {
    if (!transfer) return
    Object.assign(transfer, { file, error: '' })
    try {
      const connection = this.session.connection
      if (!connection) throw new P2pError('connection_closed', 'The peer is not connected.')
      const most = connection.limited?.octets ? connection.limited.octets - OVERHEAD : Infinity
      if (file.size > most) throw new P2pError('limited_connection', `The relay carries no more than ${inOctets(connection.limited.octets)}.`)
      this.#set(transfer, 'hashing')
      const digest = await digestOf(file, count => this.#progress(transfer, count))
      this.#set(transfer, 'waiting')
      transfer.done = 0
      const stream = transfer.stream = await connection.open(SEND_FILE, { limited: true })
      await sendFile(stream, file, {
        name: file.name,
        digest,
        onprogress: count => {
          if (transfer.state === 'waiting') this.#set(transfer, 'moving')
          this.#progress(transfer, count)
        }
      })
      this.#set(transfer, 'done')
    } catch (error) {
      transfer.stream?.abort()
      this.#fail(transfer, error)
    }
  }

  /** Serves a stream on which the peer sends. */
  async receive (stream) {
    let transfer = null
    try {
      const { file } = await receiveFile(stream, async header => {
        transfer = await this.#decide(header, stream)
        this.#set(transfer, 'moving')
        return transfer.incoming
      }, count => this.#progress(transfer, count))
      if (transfer.url) URL.revokeObjectURL(transfer.url)
      transfer.url = URL.createObjectURL(file)
      this.#set(transfer, 'done')
    } catch (error) {
      if (transfer) this.#fail(transfer, error)
      throw error
    }
  }

  /** Takes it from the list, and all that was kept of it. */
  forget (transfer) {
    transfer.answer?.(false)
    if (transfer.state === 'moving' || transfer.state === 'waiting') transfer.stream?.abort()
    if (transfer.url) URL.revokeObjectURL(transfer.url)
    this.list = this.list.filter(each => each !== transfer)
    this.onchange()
  }

  // What was agreed to goes on without another question, whichever stream brings it.
  async #decide (header, stream) {
    const isIt = each => each.sha256 === header.sha256 && each.size === header.size && each.state !== 'refused' && each.state !== 'moving'
    const transfer = this.list.find(isIt) ?? this.#ask(header)
    transfer.stream = stream
    const agreed = await Promise.race([transfer.question, stream.finished.then(() => undefined)])
    if (agreed === undefined) throw new P2pError('stream_reset', 'The sender did not wait.')
    if (agreed !== true) throw new P2pError('refused', agreed === false ? 'The answer was no.' : 'Nobody answered.')
    transfer.incoming ??= new Incoming(header)
    transfer.error = ''
    return transfer
  }

  #ask (header) {
    const kept = this.list.reduce((sum, each) => sum + (each.sha256 ? each.size : 0), 0)
    const isFull = kept + header.size > MAX_KEPT || this.list.filter(each => each.answer).length >= MAX_QUESTIONS
    if (header.size > MAX_FILE) throw new P2pError('refused', `A page takes no more than ${inOctets(MAX_FILE)}.`)
    const transfer = isFull ? null : this.#add(new Transfer(false, header.name, header.size, 'asking'))
    if (!transfer) throw new P2pError('refused', 'Too much waits here already.')
    transfer.sha256 = header.sha256
    transfer.question = new Promise(resolve => {
      transfer.answer = resolve
      setTimeout(resolve, QUESTION, null)
    }).then(agreed => {
      transfer.answer = null
      this.#set(transfer, agreed === true ? 'agreed' : 'refused')
      return agreed
    })
    return transfer
  }

  #add (transfer) {
    if (this.list.length >= MAX_SHOWN) {
      const old = this.list.find(each => ['done', 'refused', 'failed'].includes(each.state))
      if (!old) return null
      this.forget(old)
    }
    this.list.push(transfer)
    this.onchange()
    return transfer
  }

  #progress (transfer, count) { if (transfer.progress(count)) this.onchange() }

  #set (transfer, state) {
    transfer.state = state
    if (state === 'done') transfer.done = transfer.size
    this.onchange()
  }

  #fail (transfer, error) {
    transfer.error = error.message
    this.#set(transfer, error.code === 'refused' ? 'refused' : 'failed')
  }
}
