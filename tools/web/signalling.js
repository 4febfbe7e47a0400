// SPDX-License-Identifier: MIT OR Apache-2.0
// /webrtc-signaling/0.0.1: how two peers that can only talk through a relay arrange a direct connection.
import { concat, delimited, field, fields, text, utf8 } from './bytes.js'
import { P2pError, within } from './errors.js'

export const SIGNALLING = '/webrtc-signaling/0.0.1'
const OFFER = 0; const ANSWER = 1; const CANDIDATE = 2
const MAX_MESSAGE = 64 * 1024
const MAX_MESSAGES = 256 // of the remote
const MAX_CANDIDATES = 32 // of the remote that the browser is given, and that may overtake the answer
const ATTEMPT = 15_000 // milliseconds, for all
const GRACE = 5_000 // for an attempt whose signalling broke, and for the remote to end its half

export const signal = (type, data) => concat(field(1, type), field(2, utf8(data)))

/** { type, data }; throws where it is none. Candidates are the default of nobody: what lacks a type is an offer. */
export function parseSignal (octets) {
  const parts = fields(octets)
  const [type = OFFER, data = new Uint8Array(0)] = [parts?.get(1)?.[0], parts?.get(2)?.[0]]
  if (!parts || typeof type !== 'number' || !(data instanceof Uint8Array)) throw new P2pError('protocol_violation', 'No signalling message.')
  return { type, data: text(data) }
}

/** What addIceCandidate takes, or null for the end of the candidates; throws where it is none. */
export function parseCandidate (json) {
  let candidate
  try {
    candidate = JSON.parse(json)
  } catch {
    throw new P2pError('protocol_violation', 'A candidate is no JSON.')
  }
  if (candidate === null || candidate === '' || candidate.candidate === '') return null
  if (typeof candidate.candidate !== 'string') throw new P2pError('protocol_violation', 'A candidate lacks its text.')
  const { sdpMid = '0', sdpMLineIndex = 0, usernameFragment } = candidate
  const named = typeof usernameFragment === 'string' ? { usernameFragment } : {}
  return { candidate: candidate.candidate, sdpMid: sdpMid ?? '0', sdpMLineIndex: sdpMLineIndex ?? 0, ...named }
}

/** One attempt over `stream`, for `pc`; it counts what it tells and hears, in `sent` and `heard`: candidates, as text. */
export class Signalling {
  sent = []
  heard = []
  #writing = Promise.resolve()
  #messages = 0
  #early = []
  #ended = false // of the remote's messages

  constructor (stream, pc) {
    Object.assign(this, { stream, pc })
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return
      this.sent.push(candidate.candidate)
      this.#send(CANDIDATE, JSON.stringify(candidate)).catch(() => {}) // the remote may have enough
    }
  }

  /** The dialer's part. `pc` has something to describe. */
  offer () { return this.#attempt(() => this.#offer()) }

  /** The part of who is dialled. */
  answer () { return this.#attempt(() => this.#answer()) }

  async #offer () {
    const { pc } = this
    const offer = await pc.createOffer()
    await this.#send(OFFER, offer.sdp)
    await pc.setLocalDescription(offer)
    let message = await this.#read()
    for (; message?.type === CANDIDATE; message = await this.#read()) this.#hold(message.data)
    if (message === null) throw new P2pError('refused', 'The peer does not answer the offer.')
    await this.#describe('answer', ANSWER, message)
    for (const data of this.#early) await this.#add(data)
  }

  async #answer () {
    const { pc } = this
    const message = await this.#read()
    if (message === null) throw new P2pError('protocol_violation', 'Signalling without an offer.')
    await this.#describe('offer', OFFER, message)
    const answer = await pc.createAnswer()
    await this.#send(ANSWER, answer.sdp)
    await pc.setLocalDescription(answer)
  }

  async #attempt (describe) {
    const connected = new Promise((resolve, reject) => {
      this.pc.addEventListener('connectionstatechange', () => {
        if (this.pc.connectionState === 'connected') resolve()
        else if (['failed', 'closed'].includes(this.pc.connectionState)) reject(new P2pError('unreachable', 'No direct path between the two was found.'))
      })
    })
    connected.catch(() => {})
    const all = async () => {
      await describe()
      await Promise.race([connected, this.#hearCandidates(connected)])
    }
    try {
      await within(ATTEMPT, all(), 'No direct path between the two was found in time.')
    } catch (error) {
      this.stream.abort()
      throw error
    }
  }

  /** The way is found: ends the signalling, for which nobody has to wait. */
  async finish () {
    this.pc.onicecandidate = null
    const end = async () => {
      while (!this.#ended && await this.stream.read() !== null);
    }
    await this.#writing
    await Promise.all([this.stream.closeWrite(), within(GRACE, end(), 'The remote does not end its signalling.')]).catch(() => this.stream.abort())
  }

  // Resolves only when there is a connection: the end of the remote's candidates is none of the attempt.
  async #hearCandidates (connected) {
    try {
      for (let message; (message = await this.#read()) !== null;) {
        if (message.type !== CANDIDATE) {
          if (message.type < CANDIDATE) throw new P2pError('protocol_violation', 'A second description.')
          continue // some say that they are done
        }
        await this.#add(message.data)
      }
      this.#ended = true
    } catch (error) {
      if (error.code !== 'stream_reset') throw error
      return within(GRACE, connected, 'The signalling broke before a direct path was found.')
    }
    return connected
  }

  #hold (data) {
    if (this.#early.length >= MAX_CANDIDATES) throw new P2pError('limit_exceeded', 'Too many candidates before the answer.')
    this.#early.push(data)
  }

  async #add (data) {
    const candidate = parseCandidate(data)
    if (candidate === null || this.heard.length >= MAX_CANDIDATES) return
    this.heard.push(candidate.candidate)
    await this.pc.addIceCandidate(candidate).catch(() => {}) // one that the browser cannot use is none
  }

  async #describe (type, expected, message) {
    if (message.type !== expected) throw new P2pError('protocol_violation', `Signalling begins with no ${type}.`)
    await this.pc.setRemoteDescription({ type, sdp: message.data }).catch(error => {
      throw new P2pError('protocol_violation', `The ${type} is none: ${error.message}`)
    })
  }

  async #read () {
    const octets = await this.stream.readDelimited(MAX_MESSAGE)
    if (octets === null) return null
    if (++this.#messages > MAX_MESSAGES) throw new P2pError('limit_exceeded', 'Too many signalling messages.')
    return parseSignal(octets)
  }

  #send (type, data) {
    const written = this.#writing.then(() => this.stream.write(delimited(signal(type, data))))
    this.#writing = written.catch(() => {})
    return written
  }
}
