// SPDX-License-Identifier: MIT OR Apache-2.0
// The second part of the page: another peer, a browser or a node, that is found through a relay.
import { CHAT, ChatLog } from './chat_log.js'
import { $, complain, element, inMilliseconds, inOctets, setState } from './dom.js'
import { KINDS, Session, limitText, pairText } from './session.js'
import { SEND_FILE } from './send_file.js'

const MAX_SESSIONS = 16
const log = new ChatLog($('talk-log'))
const sessions = new Map() // of peers

let node = null
let reservation = null
let shown = null // the session that is looked at

// ---- Where we can be reached ------------------------------------------------------------------------------------------

async function reach () {
  complain('reach-message', null)
  $('reach-button').disabled = true
  $('reach-button').textContent = 'Asking …'
  try {
    reservation = await node.reserve($('relay').value.trim())
  } catch (error) {
    const isNone = error.code === 'no_common_protocol'
    complain('reach-message', isNone ? 'This node is no relay. `p2p relay --http` is one.' : error)
  }
  $('reach-button').disabled = false
  showReservation()
}

function leave () {
  node.release(reservation)
  reservation = null
  showReservation()
}

function showReservation () {
  const stands = reservation?.state === 'standing'
  $('reach-button').textContent = reservation ? 'Leave' : 'Be reachable'
  $('reach-button').classList.toggle('quiet', reservation !== null)
  $('relay').disabled = reservation !== null
  $('invitation').hidden = !reservation
  if (reservation) {
    $('link').value = location.href.replace(/#.*/, '') + '#' + reservation.reachedAt
    $('own-address').value = reservation.reachedAt
    const until = new Date(reservation.expires).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    $('reach-hint').textContent = stands
      ? `Your place at the relay is kept, now until ${until}. It passes on what two say to each other ${limitText(reservation.limited)}.`
      : `The relay was lost and is asked again: ${reservation.error?.message ?? ''}`
    $('invitation').classList.toggle('lost', !stands)
  }
  showOverall()
}

$('reach').addEventListener('submit', event => {
  event.preventDefault()
  if (reservation) leave()
  else reach()
})

for (const id of ['link', 'own-address']) {
  $(id).addEventListener('focus', ({ target }) => target.select())
  $(`${id}-copy`).addEventListener('click', async ({ target }) => {
    $(id).select()
    // Without a secure context there is no clipboard but the old one.
    await (navigator.clipboard?.writeText($(id).value) ?? Promise.reject(new Error())).catch(() => document.execCommand('copy'))
    target.textContent = 'Copied'
    setTimeout(() => { target.textContent = 'Copy' }, 1500)
  })
}

// ---- Who is reached ---------------------------------------------------------------------------------------------------

function useServers () {
  const words = $('servers').value.split(/[\s,]+/).filter(Boolean)
  const credentials = { username: $('turn-user').value, credential: $('turn-password').value }
  node.rtc = { iceServers: words.map(urls => /^turns?:/.test(urls) ? { urls, ...credentials } : { urls }) }
}

async function call () {
  complain('call-message', null)
  $('call-button').disabled = true
  $('call-button').textContent = 'Connecting …'
  try {
    useServers()
    const connection = await node.dial($('peer-address').value.trim())
    const session = sessionWith(connection.peer)
    show(session)
    session.settle()
  } catch (error) {
    complain('call-message', error)
  }
  $('call-button').disabled = false
  $('call-button').textContent = 'Connect'
}

$('call').addEventListener('submit', event => {
  event.preventDefault()
  call()
})
$('servers-form').addEventListener('change', useServers)

function sessionWith (peer) {
  const known = sessions.get(peer)
  if (known) return known
  for (const [old, session] of sessions) {
    if (sessions.size < MAX_SESSIONS) break
    if (!session.connection) sessions.delete(old)
  }
  const session = new Session(node, peer, what => { if (session === shown) DRAW[what]() })
  sessions.set(peer, session)
  if (!shown?.connection) show(session)
  else showPeers()
  return session
}

/** Relays are not talked with: a session is with whom a circuit or private WebRTC leads to. */
const isPeers = connection => ['relay', 'webrtc'].includes(connection.transport)

function listen () {
  node.addEventListener('reservation', ({ detail }) => {
    if (detail === reservation) showReservation()
  })
  node.addEventListener('connected', ({ detail: { connection } }) => {
    if (!isPeers(connection)) return
    const session = sessionWith(connection.peer)
    session.opened(connection)
    session.update()
    showPeers()
  })
  node.addEventListener('closed', ({ detail: { connection, reason } }) => {
    const session = sessions.get(connection.peer)
    if (!session || !isPeers(connection)) return
    session.closed(connection, reason)
    session.update()
    showPeers()
  })
  node.addEventListener('attempt', ({ detail: { peer, signalling } }) => sessions.get(peer)?.attempt(signalling))
  node.addEventListener('failed', ({ detail: { peer, error } }) => sessions.get(peer)?.failed(error))
  const withSession = work => (stream, connection) => {
    const session = sessions.get(connection.peer)
    if (session) return work(session, stream)
    stream.abort()
  }
  node.handle(CHAT, withSession((session, stream) => session.serveChat(stream)))
  node.handle(SEND_FILE, withSession((session, stream) => session.transfers.receive(stream)))
}

// ---- What is shown ------------------------------------------------------------------------------------------------------

const DRAW = { path: showPath, story: showStory, ping: showPing, said: showSaid, files: showFiles }

function show (session) {
  shown = session
  showPeers()
  for (const draw of Object.values(DRAW)) draw()
}

function showOverall () {
  const kind = shown?.path?.kind ?? (shown?.connection ? 'relay' : null)
  if (kind) setState('peer', kind === 'relay' ? 'busy' : 'on', KINDS[kind])
  else setState('peer', 'idle', reservation?.state === 'standing' ? 'Reachable' : 'Not connected')
}

function showPeers () {
  $('peers').hidden = sessions.size < 2
  $('peers').replaceChildren(...[...sessions.values()].map(session => {
    const chip = element('button', { type: 'button', className: 'chip', onclick: () => show(session) }, session.name)
    chip.setAttribute('aria-pressed', session === shown)
    chip.dataset.on = session.connection !== null
    return chip
  }))
}

function showPath () {
  const { path, connection } = shown
  const kind = path?.kind ?? (connection?.transport === 'relay' ? 'relay' : 'none')
  $('way').dataset.kind = kind
  $('way-peer').textContent = shown.name
  $('way-words').textContent = kind === 'turn' ? 'TURN' : kind === 'nat' ? 'NAT' : ''
  $('path-kind').textContent = connection ? KINDS[kind] ?? 'Finding out …' : 'Not connected'
  $('path-peer').textContent = shown.peer
  $('path-pair').textContent = path?.local ? pairText(path) : kind === 'relay' ? `through the relay, ${limitText(connection.limited)}` : '–'
  $('peer-part').classList.toggle('met', connection !== null)
  $('retry').hidden = connection?.transport !== 'relay'
  for (const id of ['talk-text', 'talk-button', 'file-button', 'file']) $(id).disabled = !connection
  showPing()
  showOverall()
}

function showPing () { $('path-ping').textContent = shown.roundTrip === null ? '–' : `${inMilliseconds(shown.roundTrip)} ms` }

function showStory () {
  $('story').replaceChildren(...shown.story.map(({ at, words, kind }) => {
    const entry = element('li', {}, element('time', {}, `${(at / 1000).toFixed(2)} s`), element('span', {}, words))
    entry.dataset.kind = kind
    return entry
  }))
  $('story').scrollTop = $('story').scrollHeight
}

let saidOf = null
let saidCount = 0

function showSaid () {
  if (saidOf !== shown || shown.said.length < saidCount || saidCount === shown.said.length) {
    log.clear()
    saidCount = 0
    saidOf = shown
  }
  for (const { who, words, name } of shown.said.slice(saidCount)) {
    if (who === 'notice') log.notice(words)
    else log.say(who === 'own' ? 'You' : name, words, who === 'own')
  }
  saidCount = shown.said.length
}

const STATES = {
  hashing: 'Reading …', waiting: 'Waiting for an answer …', asking: '', agreed: 'Waiting for the sender …', moving: '', done: 'Done', failed: 'Cut off', refused: 'Not taken'
}

function transferWords ({ state, error, isOutgoing, done, size, rate }) {
  if (state === 'done') return isOutgoing ? 'Sent, and found whole there' : 'Received whole'
  if (state === 'moving') return `${inOctets(done)} of ${inOctets(size)}${rate > 0 ? `, ${inOctets(rate)}/s` : ''}`
  const told = state === 'failed' && done === 0 ? 'Not sent' : STATES[state]
  return [told, error].filter(Boolean).join(': ')
}

function showFiles () {
  const { transfers } = shown
  $('files').replaceChildren(...transfers.list.map(transfer => {
    const button = (words, onclick, className = 'quiet') => element('button', { type: 'button', className, onclick }, words)
    const { state } = transfer
    const buttons = []
    if (state === 'asking') buttons.push(button('Accept', () => transfer.answer?.(true), ''), button('Refuse', () => transfer.answer?.(false)))
    if (state === 'done' && transfer.url) buttons.push(element('a', { className: 'button', href: transfer.url, download: transfer.name }, 'Save'))
    if (state === 'failed' && transfer.isOutgoing) buttons.push(button('Go on', () => transfers.send(transfer.file, transfer)))
    if (state !== 'asking') buttons.push(button(state === 'moving' || state === 'waiting' ? 'Cancel' : 'Clear', () => transfers.forget(transfer)))
    const entry = element('li', {},
      element('div', { className: 'file-name' }, element('b', {}, transfer.name), element('span', {}, inOctets(transfer.size))),
      element('progress', { max: 1, value: transfer.size === 0 ? Number(state === 'done') : transfer.done / transfer.size }),
      element('div', { className: 'file-state' }, element('span', {}, transferWords(transfer)), element('span', { className: 'controls' }, ...buttons)))
    entry.dataset.state = state
    entry.dataset.series = transfer.isOutgoing ? 'up' : 'down'
    return entry
  }))
  $('files-hint').hidden = transfers.list.length > 0
}

$('retry').addEventListener('click', () => shown?.retry())

$('talk').addEventListener('submit', event => {
  event.preventDefault()
  const words = $('talk-text').value.trim()
  if (words === '' || !shown) return
  $('talk-text').value = ''
  shown.say(words).catch(error => complain('talk-message', error))
  complain('talk-message', null)
})

const sendAll = files => { for (const file of files) shown?.transfers.send(file) }
$('file-button').addEventListener('click', () => $('file').click())
$('file').addEventListener('change', ({ target }) => {
  sendAll([...target.files])
  target.value = ''
})
const drop = $('files-card')
drop.addEventListener('dragover', event => {
  event.preventDefault()
  drop.classList.add('over')
})
for (const name of ['dragleave', 'drop']) drop.addEventListener(name, () => drop.classList.remove('over'))
drop.addEventListener('drop', event => {
  event.preventDefault()
  sendAll([...event.dataTransfer.files])
})

// ---- Begin --------------------------------------------------------------------------------------------------------------

/** `own` is the page's own peer. */
export function begin (own) {
  node = own
  setState('peer', 'idle', 'Not connected')
  listen()
}

/** `relay`: an address to begin with; `isRelay`: who serves the page is one; `peer`: who invites. */
export function suggest ({ relay, isRelay, peer }) {
  $('relay').value ||= relay
  $('peer-address').value ||= peer
  if (peer) call()
  else if (isRelay) reach()
}
