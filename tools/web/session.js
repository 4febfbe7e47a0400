// SPDX-License-Identifier: MIT OR Apache-2.0
// What the page does with one other peer, over whatever connections there are at the time: pings, chat, files, and the story
// of the path between the two.
import { CHAT, hearMember, hearRoom, tellMember, tellRoom } from './chat_log.js'
import { inOctets, shortPeer } from './dom.js'
import { sleep } from './errors.js'
import { P2pError, pathOf } from './libp2p.js'
import { PING, ping } from './ping.js'
import { Transfers } from './transfers.js'

const PING_EVERY = 1000 // milliseconds
const MAX_STORY = 40 // entries
const MAX_SAID = 300

export const KINDS = {
  relay: 'Relayed', host: 'Direct', nat: 'Direct, through a NAT', turn: 'Through a TURN server'
}

const endText = ({ address, port }) => address === '' ? 'a hidden address' : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** "192.0.2.7:4001 ↔ a hidden address, udp". */
export const pairText = ({ local, remote, protocol }) => `${endText(local)} ↔ ${endText(remote)}, ${protocol}`

export function limitText (limited) {
  if (!limited) return 'without limits'
  const time = limited.seconds > 0 ? [limited.seconds % 60 === 0 ? `${limited.seconds / 60} min` : `${limited.seconds} s`] : []
  const octets = limited.octets > 0 ? [`${inOctets(limited.octets)} each way`] : []
  return `for at most ${[...time, ...octets].join(' and ')}`
}

/** "3 host, 1 of them hidden; 1 srflx". */
export function candidatesText (candidates) {
  const kinds = new Map()
  for (const candidate of candidates) {
    const [, address, kind] = /^(?:a=)?candidate:\S+ \d+ \S+ \d+ (\S+) \d+ typ (\S+)/i.exec(candidate) ?? []
    if (!kind) continue
    const [count, hidden] = kinds.get(kind) ?? [0, 0]
    kinds.set(kind, [count + 1, hidden + address.endsWith('.local')])
  }
  const all = [...kinds].map(([kind, [count, hidden]]) => `${count} ${kind}${hidden ? `, ${hidden === count ? 'hidden' : `${hidden} hidden`}` : ''}`)
  return all.join('; ') || 'none'
}

/** `onchange` is called with what has changed: 'path', 'story', 'ping', 'said' or 'files'. */
export class Session {
  connection = null // the best one at the time
  path = null // of pathOf
  roundTrip = null // milliseconds
  story = [] // { at, words, kind }
  said = [] // { who ('own', 'peer' or 'notice'), words, name }
  #talk = null // { stream, say }
  #isSettled = false // nobody looks for a direct path
  #began = performance.now()

  constructor (node, peer, onchange) {
    Object.assign(this, { node, peer, onchange })
    this.transfers = new Transfers(this, () => onchange('files'))
  }

  get name () { return shortPeer(this.peer) }

  // ---- Path ------------------------------------------------------------------------------------------------------------

  /** Something about the connections with the peer has changed. */
  update () {
    const best = this.node.best(this.peer)
    if (best === this.connection) return
    if (!this.connection) this.#began = performance.now()
    Object.assign(this, { connection: best, path: null, roundTrip: null })
    this.onchange('path')
    if (!best) return
    if (best.transport !== 'relay') this.#isSettled = true
    this.#follow(best)
    this.#renewChat()
  }

  opened (connection) {
    if (connection.transport === 'relay') this.tell('relay', `Relayed, ${limitText(connection.limited)}`)
  }

  closed (connection, reason) {
    this.tell('end', `${connection.transport === 'relay' ? 'Relayed' : 'Direct'} connection: ${reason}`)
    if (!this.node.best(this.peer)) this.#isSettled = false
  }

  attempt (signalling) {
    this.signalling = signalling
    this.tell('busy', 'Looking for a direct path')
  }

  failed (error) {
    this.tell('failed', `No direct path: ${error.message}`)
    this.#tellCandidates()
    this.settle()
  }

  /** Whoever looks for a direct path has ended. */
  settle () {
    this.#isSettled = true
    this.#renewChat()
  }

  /** Looks for a direct path once more. */
  retry () {
    if (this.connection?.transport === 'relay') this.node.direct(this.connection).catch(() => {}) // an event tells
  }

  tell (kind, words) {
    this.story.push({ at: performance.now() - this.#began, kind, words })
    if (this.story.length > MAX_STORY) this.story.shift()
    this.onchange('story')
  }

  #tellCandidates () {
    if (!this.signalling) return
    this.tell('detail', `Ours: ${candidatesText(this.signalling.sent)} · theirs: ${candidatesText(this.signalling.heard)}`)
    this.signalling = null
  }

  async #follow (connection) {
    const isCurrent = () => this.connection === connection
    this.#ping(connection, isCurrent).catch(() => {}) // its connection has ended, or will
    for (; isCurrent(); await sleep(PING_EVERY)) {
      const path = await pathOf(connection).catch(() => null)
      if (!isCurrent() || path === null) continue
      const isNew = !this.path || (path.local && pairText(path) !== pairText(this.path))
      this.path = path
      this.onchange('path')
      if (!isNew || path.kind === 'relay') continue
      this.tell(path.kind, `${KINDS[path.kind]}: ${pairText(path)}`)
      this.#tellCandidates()
    }
  }

  async #ping (connection, isCurrent) {
    const stream = await connection.open(PING, { limited: true })
    for (; isCurrent(); await sleep(PING_EVERY)) {
      const took = await ping(stream)
      if (took === null) return
      if (!isCurrent()) break
      this.roundTrip = took
      this.onchange('ping')
    }
    await stream.closeWrite()
  }

  // ---- Chat ------------------------------------------------------------------------------------------------------------

  /** Of the two the one who dialled goes into the other's room, once it is clear which way the octets take. */
  async say (words) {
    if (!this.#talk) await this.#enter()
    await this.#talk.say(words)
  }

  /** The peer comes into our room, in which nobody else is. */
  async serveChat (stream) {
    const talk = {
      stream,
      say: async words => {
        await tellMember(stream, shortPeer(this.node.peer), words)
        this.#hear('own', words)
      }
    }
    this.#take(talk)
    try {
      await hearMember(stream, words => {
        this.#hear('peer', words)
        tellMember(stream, this.name, words).catch(() => {}) // a room says it also to who said it
      })
      await stream.closeWrite()
    } finally {
      if (this.#talk === talk) this.#talk = null
    }
  }

  #renewChat () {
    if (this.#isSettled && this.connection?.isDialer) this.#enter().catch(error => this.#hear('notice', error.message))
  }

  async #enter () {
    const { connection } = this
    if (!connection) throw new P2pError('connection_closed', 'The peer is not connected.')
    const stream = await connection.open(CHAT, { limited: true }).catch(error => {
      throw error.code === 'no_common_protocol' ? new P2pError(error.code, 'This peer has no chat.') : error
    })
    const talk = { stream, say: words => tellRoom(stream, words) }
    this.#take(talk)
    const own = shortPeer(this.node.peer)
    const heard = (name, words) => this.#hear(name === own ? 'own' : name === '' ? 'notice' : 'peer', words, name)
    hearRoom(stream, heard).catch(() => {}).finally(() => {
      stream.closeWrite().catch(() => {})
      if (this.#talk === talk) this.#talk = null
    })
  }

  #take (talk) {
    this.#talk?.stream.closeWrite().catch(() => {})
    this.#talk = talk
  }

  // A node's room has other members, too.
  #hear (who, words, name = this.name) {
    this.said.push({ who, words, name })
    if (this.said.length > MAX_SAID) this.said.shift()
    this.onchange('said')
  }
}
