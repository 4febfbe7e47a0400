// SPDX-License-Identifier: MIT OR Apache-2.0
// A place at a relay, that is kept: renewed before it ends, and taken again when the relay was lost or does not answer.
import { sleep, within } from './errors.js'
import { PING, ping } from './ping.js'
import { reserve } from './relay.js'

const RENEW_AT = 0.75 // of the time that a place has
const SOONEST = 5_000 // milliseconds until a renewal, and after a failed one
const PROBE_EVERY = 10_000 // milliseconds: a browser takes half a minute to see that nobody is there
const SILENCE = 10_000
const PAUSES = [1_000, 2_000, 5_000, 10_000, 30_000] // before the relay is dialled again; the last one is repeated

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
    this.renewAt = Date.now() + Math.max((this.expires - Date.now()) * RENEW_AT, SOONEST)
    this.#change('standing')
  }

  async #keep () {
    for (let failures = 0; this.state !== 'ended';) {
      const pause = this.state === 'standing' ? Math.min(this.renewAt - Date.now(), PROBE_EVERY) : PAUSES[Math.min(failures, PAUSES.length) - 1]
      const lost = this.state === 'standing' ? [this.connection.closed] : []
      const what = await Promise.race([this.#ended, sleep(pause), ...lost])
      if (what === 'ended') return
      if (what === undefined && this.state === 'standing' && Date.now() < this.renewAt) {
        await this.#probe()
        continue
      }
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

  /** Ends a connection on which nobody answers; that it has ended is then seen. */
  async #probe () {
    const { connection } = this
    const answered = async () => {
      const stream = await connection.open(PING)
      const took = await ping(stream)
      stream.closeWrite().catch(() => {})
      return took
    }
    await within(SILENCE, answered(), 'The relay does not answer.').catch(error => {
      if (error.code !== 'no_common_protocol') connection.close(error.message)
    })
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
