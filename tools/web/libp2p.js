// SPDX-License-Identifier: MIT OR Apache-2.0
// libp2p for browsers: what a page of one's own imports. `Node` is a whole peer; `dial` reaches a node over WebRTC-Direct alone.
export { Connection } from './connection.js'
export { dial } from './direct.js'
export { P2pError, within } from './errors.js'
export { Node } from './node.js'
export { pathOf } from './path.js'
export { RtcStream as Stream } from './rtc_stream.js'
