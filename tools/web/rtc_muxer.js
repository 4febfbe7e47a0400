// SPDX-License-Identifier: MIT OR Apache-2.0
// The streams of an RTCPeerConnection: what WebRTC-Direct and private WebRTC share.
import { P2pError } from './errors.js'
import { RtcStream } from './rtc_stream.js'

const MAX_EARLY_CHANNELS = 16
/** The label of a channel that carries no stream: it gives a private offer something to describe. */
export const INIT = 'init'

/** What the remote opens before `begin` waits for it. `closed` resolves with the reason once it has ended. */
export class RtcMuxer {
  #early = []
  #end

  constructor (pc) {
    this.pc = pc
    this.onstream = null
    this.closed = new Promise(resolve => { this.#end = resolve })
    this.streams = new Set()
    pc.ondatachannel = ({ channel }) => {
      if (channel.label === INIT) return // who opened it closes it
      const stream = this.#take(channel)
      if (this.#early === null) this.onstream(stream)
      else if (this.#early.length < MAX_EARLY_CHANNELS) this.#early.push(stream)
      else stream.abort()
    }
    pc.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(pc.connectionState)) this.close('The connection was lost.')
    }
  }

  /** The remote is proven: what it has opened meanwhile is served. */
  begin (onstream) {
    this.onstream = onstream
    const early = this.#early
    this.#early = null
    this.pc.sctp.transport.onstatechange = ({ target }) => {
      if (target.state === 'closed') this.close('The remote has closed the connection.')
    }
    early.forEach(onstream)
  }

  openStream () {
    if (this.pc.connectionState === 'closed') throw new P2pError('connection_closed', 'There is no connection.')
    return this.#take(this.pc.createDataChannel(''))
  }

  close (reason = 'Closed here.') {
    this.pc.onconnectionstatechange = null
    this.pc.close()
    for (const stream of this.streams) stream.channel.onclose?.()
    this.#end(reason)
  }

  #take (channel) {
    const stream = new RtcStream(channel)
    this.streams.add(stream)
    stream.finished.then(() => this.streams.delete(stream))
    return stream
  }
}
