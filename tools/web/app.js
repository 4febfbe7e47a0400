// SPDX-License-Identifier: MIT OR Apache-2.0
// The page: one peer, and two parts that use it.
import { $, complain, showPart } from './dom.js'
import { Identity } from './identity.js'
import { Node } from './libp2p.js'
import * as nodePage from './node_page.js'
import * as peerPage from './peer_page.js'

const PARTS = ['node', 'peer']
const node = new Node(new Identity())

/** Of the addresses the one that stands beside this page's own, if there is one. */
function nearest (addresses) {
  const host = location.hostname.replace(/^\[|\]$/g, '')
  return addresses.find(address => address.split('/')[2] === host) ?? addresses[0] ?? ''
}

function show (wanted) {
  for (const part of PARTS) {
    $(`${part}-part`).hidden = part !== wanted
    $(`${part}-tab`).setAttribute('aria-selected', part === wanted)
  }
  showPart(wanted)
}

/** What the node that serves the page says of itself; the page may be served by something that knows no node. */
const served = () => fetch('node.json').then(answer => answer.json()).catch(() => ({ addresses: [] }))

async function begin () {
  $('self').textContent = node.peer
  nodePage.begin(node)
  peerPage.begin(node)
  const given = location.hash.startsWith('#/') ? decodeURIComponent(location.hash.slice(1)) : ''
  const isInvitation = given.includes('/p2p-circuit')
  const known = given && !isInvitation ? { addresses: [given] } : await served()
  const address = nearest(known.addresses)
  nodePage.suggest(address)
  peerPage.suggest({ relay: address, isRelay: known.relay === true, peer: isInvitation ? given : '' })
  show(isInvitation || known.relay || location.hash === '#peer' ? 'peer' : 'node')
  if (!globalThis.RTCPeerConnection) complain('message', 'This browser has no WebRTC.')
}

for (const part of PARTS) $(`${part}-tab`).addEventListener('click', () => show(part))
addEventListener('hashchange', () => location.reload()) // another invitation
addEventListener('pagehide', () => node.close())
begin()
