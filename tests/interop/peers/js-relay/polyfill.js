// SPDX-License-Identifier: MIT OR Apache-2.0

// node 20 lacks what js-libp2p 3 uses.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}

// node 20 has no WebSocket, which @libp2p/websockets dials with. What comes along with the HTTP answer is held back until
// somebody listens for it.
if (globalThis.WebSocket == null) {
  const { WebSocket } = await import('ws')
  globalThis.WebSocket = class extends WebSocket {
    constructor (...args) {
      super(...args)
      this.once('open', () => {
        this.pause()
        setImmediate(() => this.resume())
      })
    }
  }
}
