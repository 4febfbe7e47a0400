// SPDX-License-Identifier: MIT OR Apache-2.0
// A place at a relay, that is kept: renewed before it ends, and taken again when the relay was lost.
import { addressText } from './multiaddr.js'
import { reserve } from './relay.js'

const RENEW_AT = 0.75 // of the time that a place has
const SOONEST = 5_000 // milliseconds until a renewal, and after a failed one
const LATEST = 2 ** 31 - 1 // milliseconds that a browser's timer can take
const PAUSES = [1_000, 2_000, 5_000, 10_000, 30_000] // before the relay is dialled again; the last one is repeated

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

/**
 * `address` is how the relay is reached from here. `onchange` is called with the reservation whenever `state` changes: 'asking',
 * 'standing' or 'lost', the latter with `error`; after `end` it is 'ended'.
 */
export class Reservation {
  state = 'asking'
  relay = '' // its peer id
  expires = 0 // milliseconds of Date.now
  limited = null // what the relay allows circuits
  addresses = [] // of the relay, in octets, as it tells them
  error = null
  connection = null
  #end
  #ended = new Promise(resolve => { this.#end = resolve })

  /** `connect` resolves to a connection with the relay. */
  constructor (address, self, connect, onchange) {
    Object.assign(this, { address, self, connect, onchange })
  }

  /** Where others reach us, as text. */
  get reachedAt () { return `${this.address}/p2p-circuit/webrtc/p2p/${this.self}` }

  /** The relay's own addresses, as text. */
  get told () { return this.addresses.map(addressText).filter(Boolean) }

  /** Resolves once the place stands, rejects if it cannot be had at first; is kept then until `end`. */
  async begin () {
    try {
      await this.#take()
    } catch (error) {
      this.end()
      throw error
    }
    this.#keep()
  }

  end () {
    this.#change('ended')
    this.#end('ended')
  }

  async #take () {
    this.connection = await this.connect()
    this.relay = this.connection.peer
    Object.assign(this, await reserve(this.connection, this.self), { error: null })
    this.#change('standing')
  }

  async #keep () {
    for (let failures = 0; this.state !== 'ended';) {
      const left = Math.min(Math.max((this.expires - Date.now()) * RENEW_AT, SOONEST), LATEST)
      const pause = this.state === 'standing' ? left : PAUSES[Math.min(failures, PAUSES.length) - 1]
      const lost = this.state === 'standing' ? [this.connection.closed] : []
      const what = await Promise.race([this.#ended, sleep(pause), ...lost])
      if (what === 'ended') return
      if (what !== undefined) this.#lose(new Error(what)) // the reason why the connection has ended
      try {
        await this.#take()
        failures = 0
      } catch (error) {
        failures++
        this.#lose(error)
      }
    }
  }

  #lose (error) {
    this.error = error
    this.#change('lost')
  }

  #change (state) {
    if (this.state === 'ended') return
    this.state = state
    this.onchange(this)
  }
}
