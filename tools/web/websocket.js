// SPDX-License-Identifier: MIT OR Apache-2.0
// WebSocket as a stream of octets, and the dialer that makes a connection of it.
import { ByteStream } from './byte_stream.js'
import { Connection } from './connection.js'
import { P2pError, within } from './errors.js'
import { parseWebSocket } from './multiaddr.js'
import { upgrade } from './upgrade.js'

const HIGH_WATER = 1024 * 1024 // octets that the browser may hold before a writer waits
const MAX_UNREAD = 16 * 1024 * 1024 // octets: a WebSocket has no backpressure for what it receives
const DRAIN = 20 // milliseconds between two looks at what the browser holds

class WebSocketStream extends ByteStream {
  constructor (socket) {
    super()
    this.socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string' || this.unreadOctets > MAX_UNREAD) return this.abort()
      this.deliver(new Uint8Array(data))
    }
    socket.onclose = () => {
      this.deliverEnd()
      this.finish()
    }
  }

  async write (octets) {
    while (this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount > HIGH_WATER) {
      await new Promise(resolve => setTimeout(resolve, DRAIN))
    }
    if (this.error) throw this.error
    if (this.socket.readyState !== WebSocket.OPEN) throw new P2pError('connection_closed', 'The WebSocket is closed.')
    this.socket.send(octets)
  }

  async closeWrite () { this.socket.close() }

  abort () {
    this.socket.close()
    this.fail(new P2pError('stream_reset', 'The WebSocket was closed here.'))
  }
}

/** Connects to the peer at a /ws, /wss or /tls/ws address. */
export async function dialWebSocket (multiaddr, identity, { handlers = new Map(), patience = 10_000 } = {}) {
  const { url, peer } = parseWebSocket(multiaddr)
  const socket = new WebSocket(url)
  const stream = new WebSocketStream(socket)
  const opened = new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new P2pError('connection_closed', `Nobody answers at ${url}, or the browser may not go there.`))
  })
  try {
    await within(patience, opened, `No answer at ${url}.`)
  } catch (error) {
    stream.abort()
    throw error
  }
  const proven = await upgrade(stream, identity, { isDialer: true, peer })
  return new Connection(proven.muxer, handlers, { peer: proven.peer, transport: 'websocket', isDialer: true }).begin()
}
