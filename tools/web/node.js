// SPDX-License-Identifier: MIT OR Apache-2.0
// A peer in a browser: it has places at relays, and connections, direct and relayed, in both directions.
import { concat, delimited, field, utf8 } from './bytes.js'
import { Connection } from './connection.js'
import { dial as dialDirect } from './direct.js'
import { P2pError } from './errors.js'
import { behindRelay, parseCircuit, parseDirect, parseWebSocket, peerOctets } from './multiaddr.js'
import { PING, answerPings } from './ping.js'
import { answerPrivate, dialPrivate } from './private.js'
import { STOP, acceptCircuit, connectThrough } from './relay.js'
import { Reservation } from './reservation.js'
import { SIGNALLING } from './signalling.js'
import { upgrade } from './upgrade.js'
import { dialWebSocket } from './websocket.js'

const MAX_CONNECTIONS = 32 // with peers, not counting those with relays that we have dialled
const MAX_ARRIVING = 8 // circuits and direct connections of others that are being made
const LINGER = 5_000 // milliseconds that a relayed connection stays beside a direct one
const IDENTIFY = '/ipfs/id/1.0.0'

const isWebSocket = address => /\/wss?(\/p2p\/\w+)?$/.test(address)

/**
 * Events, each a CustomEvent with its `detail`: 'connected' and 'closed' ({ connection, reason }), 'attempt' ({ peer, signalling })
 * when a direct path is being looked for, 'failed' ({ peer, error }) when none was found, 'reservation' (the Reservation).
 */
export class Node extends EventTarget {
  #connections = new Set()
  #reservations = new Set()
  #dials = new Map() // of peers: a direct connection that we are making, { promise, stop }
  #arrivals = new Map() // of peers: direct connections that they are making
  #arriving = 0

  constructor (identity, { agent = 'p2p-page/0.1.0', version = 0 } = {}) {
    super()
    Object.assign(this, { identity, agent, version, peer: identity.peer })
    /** What private connections are made with: iceServers. */
    this.rtc = {}
    this.handlers = new Map([
      [IDENTIFY, stream => this.#tellIdentity(stream)], [PING, answerPings],
      [STOP, (stream, connection) => this.#called(stream, connection)],
      [SIGNALLING, (stream, connection) => this.#signalled(stream, connection)]
    ])
  }

  /** Serves a protocol: `handler` is called with each stream and its connection. */
  handle (protocol, handler) { this.handlers.set(protocol, handler) }

  get reservations () { return [...this.#reservations] }
  get connections () { return [...this.#connections] }

  /** The best connection with a peer, or null: a direct one before a relayed one, and the newest of those. */
  best (peer) {
    const worth = connection => connection.transport !== 'relay' ? 2 : connection.limited ? 0 : 1
    return this.connections.filter(connection => connection.peer === peer)
      .sort((a, b) => worth(b) - worth(a) || b.since - a.since)[0] ?? null
  }

  /** Takes a place at the relay at that address, and keeps it. Resolves to the Reservation. */
  async reserve (address) {
    const reservation = new Reservation(address, this.peer, () => this.#reach(address), changed => this.#tell('reservation', changed))
    this.#reservations.add(reservation)
    try {
      await reservation.begin()
    } catch (error) {
      this.#reservations.delete(reservation)
      throw error
    }
    return reservation
  }

  /** Gives the place up. */
  release (reservation) {
    this.#reservations.delete(reservation)
    reservation.end()
    reservation.connection?.close()
  }

  /**
   * Connects to the peer that an address leads to: WebRTC-Direct, WebSocket, over a relay, or by private WebRTC arranged over a
   * relay. The latter resolves to the relayed connection where no direct path was found; events tell why.
   */
  async dial (address) {
    const circuit = parseCircuit(address)
    if (circuit === null) return this.#reach(address)
    if (circuit.peer === this.peer) throw new P2pError('refused', 'The address is your own.')
    const known = this.best(circuit.peer)
    if (known && known.transport !== 'relay') return known
    const relayed = known ?? await this.#dialThrough(circuit)
    if (!circuit.isPrivate) return relayed
    return this.direct(relayed).catch(error => {
      const found = this.best(circuit.peer)
      if (!found) throw error
      return found
    })
  }

  /** Looks for a direct path to the other end of a relayed connection. Of two that do, the one with the smaller id gives way. */
  async direct (relayed) {
    const { peer } = relayed
    const running = this.#dials.get(peer)
    if (running) return running.promise
    if (this.#givesWay(peer) && this.#arrivals.has(peer)) return this.#arrivals.get(peer)
    const dial = { stop: () => { dial.isStopped = true }, isStopped: false, promise: null }
    dial.promise = this.#dialDirectly(relayed, dial).finally(() => this.#dials.delete(peer))
    this.#dials.set(peer, dial)
    return dial.promise
  }

  close () {
    this.reservations.forEach(reservation => this.release(reservation))
    this.connections.forEach(connection => connection.close())
  }

  // ---- Dials ---------------------------------------------------------------------------------------------------------

  /** A connection with who can be reached: one that stands, or a new one. */
  async #reach (address) {
    const { peer } = isWebSocket(address) ? parseWebSocket(address) : parseDirect(address)
    const known = peer && this.best(peer)
    if (known) return known
    const dial = isWebSocket(address) ? dialWebSocket : dialDirect
    return this.#add(await dial(address, this.identity, { handlers: this.handlers, version: this.version }))
  }

  async #dialThrough ({ relay, peer }) {
    const circuit = await connectThrough(await this.#reach(relay), peer)
    return this.#upgraded(circuit, true, peer)
  }

  async #upgraded ({ stream, limited }, isDialer, expected) {
    const { peer, muxer } = await upgrade(stream, this.identity, { isDialer, peer: expected })
    return this.#add(new Connection(muxer, this.handlers, { peer, transport: 'relay', isDialer, limited }).begin())
  }

  async #dialDirectly (relayed, dial) {
    const { peer } = relayed
    try {
      const attempt = await dialPrivate(relayed, this.rtc, begun => {
        dial.stop = () => begun.muxer.close('The peer dials as well.')
        if (dial.isStopped) dial.stop()
        this.#tell('attempt', { peer, signalling: begun.signalling })
      })
      return this.#addDirect(attempt, peer, true)
    } catch (error) {
      const arrival = this.#arrivals.get(peer)
      if (arrival && this.#givesWay(peer)) return arrival
      this.#tell('failed', { peer, error })
      throw error
    }
  }

  #givesWay (peer) {
    const [own, other] = [peerOctets(this.peer), peerOctets(peer)]
    const at = own.findIndex((octet, i) => octet !== other[i])
    return at < 0 ? own.length < other.length : !(own[at] > (other[at] ?? -1))
  }

  // ---- What others begin -----------------------------------------------------------------------------------------------

  async #called (stream, relay) {
    await this.#arrive(async () => {
      const isExpected = () => this.reservations.some(each => each.relay === relay.peer) && this.#hasRoom()
      const circuit = await acceptCircuit(stream, isExpected)
      await this.#upgraded(circuit, false, circuit.peer)
    })
  }

  async #signalled (stream, relayed) {
    const { peer } = relayed
    if (relayed.transport !== 'relay' || this.#arrivals.has(peer) || !this.#hasRoom()) return stream.abort()
    await this.#arrive(async () => {
      const arrival = answerPrivate(stream, this.rtc).then(attempt => this.#addDirect(attempt, peer, false))
      this.#arrivals.set(peer, arrival)
      if (this.#givesWay(peer)) this.#dials.get(peer)?.stop()
      try {
        await arrival
      } catch (error) {
        if (!this.#dials.has(peer)) this.#tell('failed', { peer, error })
        throw error
      } finally {
        this.#arrivals.delete(peer)
      }
    })
  }

  async #arrive (work) {
    if (this.#arriving >= MAX_ARRIVING) throw new P2pError('limit_exceeded', 'Too many arrive at a time.')
    this.#arriving++
    try {
      await work()
    } finally {
      this.#arriving--
    }
  }

  #hasRoom () { return this.#connections.size < MAX_CONNECTIONS }

  async #tellIdentity (stream) {
    const addresses = this.reservations.flatMap(each => each.addresses.map(address => behindRelay(address, this.peer)))
    const parts = [
      field(1, this.identity.publicKey), field(5, utf8('ipfs/0.1.0')), field(6, utf8(this.agent)),
      ...addresses.map(address => field(2, address)), ...[...this.handlers.keys()].map(name => field(3, utf8(name)))
    ]
    await stream.write(delimited(concat(...parts)))
    await stream.closeWrite()
  }

  // ---- Connections -----------------------------------------------------------------------------------------------------

  #addDirect ({ muxer }, peer, isDialer) {
    return this.#add(new Connection(muxer, this.handlers, { peer, transport: 'webrtc', isDialer }).begin())
  }

  #add (connection) {
    this.#connections.add(connection)
    connection.closed.then(reason => {
      this.#connections.delete(connection)
      this.#tell('closed', { connection, reason })
    })
    this.#tell('connected', { connection })
    this.#tidy(connection.peer)
    return connection
  }

  /** Beside a direct connection no relayed one is needed, once it has no streams. */
  #tidy (peer) {
    if (this.best(peer)?.transport !== 'webrtc') return
    const relayed = this.connections.filter(connection => connection.peer === peer && connection.transport === 'relay')
    for (const connection of relayed) {
      const look = setInterval(() => {
        if (connection.streams === 0 && this.best(peer)?.transport === 'webrtc') connection.close('A direct connection has taken its place.')
      }, LINGER)
      connection.closed.then(() => clearInterval(look))
    }
  }

  #tell (name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })) }
}
