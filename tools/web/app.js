// SPDX-License-Identifier: MIT OR Apache-2.0
// The page: what a person does with a node, each part with a stream of its own.
import { delimited, field, fields, text, utf8 } from './bytes.js'
import { Identity } from './identity.js'
import { dial } from './libp2p.js'
import { addressText } from './multiaddr.js'
import { Plot } from './plot.js'

const AGENT = 'p2p-page/0.1.0'
const PING = '/ipfs/ping/1.0.0'; const IDENTIFY = '/ipfs/id/1.0.0'; const PUSH = '/ipfs/id/push/1.0.0'
const PERF = '/perf/1.0.0'; const CHAT = '/p2p-chat/1.0.0'
const MAX_IDENTIFY = 8192
const MAX_CHAT_MESSAGE = 2048
const MIB = 1024 * 1024
const PING_EVERY = 250 // milliseconds
const PINGS_SHOWN = 120
const PINGS_KEPT = 1000
const MESSAGES_KEPT = 300

const $ = id => document.getElementById(id)
const self = new Identity()
let connection = null

const shortPeer = peer => peer.slice(-6)
const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

function setState (state, words) {
  $('state').dataset.state = state
  $('state').querySelector('b').textContent = words
}

function complain (error) {
  $('message').hidden = !error
  $('message').textContent = error ? (error.message ?? String(error)) : ''
}

// ---- What the node asks of us --------------------------------------------------------------------------------------

async function tellIdentity (stream) {
  const protocols = [...handlers.keys()].map(name => field(3, utf8(name)))
  const parts = [field(1, self.publicKey), field(5, utf8('ipfs/0.1.0')), field(6, utf8(AGENT)), ...protocols]
  await stream.write(delimited(Uint8Array.from(parts.flatMap(part => [...part]))))
  await stream.closeWrite()
}

async function answerPings (stream) {
  for (let ping; (ping = await stream.readExactly(32)) !== null;) await stream.write(ping)
  await stream.closeWrite()
}

async function hearPush (stream) {
  showIdentity(await readIdentity(stream))
  await stream.closeWrite()
}

const handlers = new Map([[IDENTIFY, tellIdentity], [PUSH, hearPush], [PING, answerPings]])

// ---- Connection ----------------------------------------------------------------------------------------------------

async function connect () {
  complain(null)
  for (const shown of document.querySelectorAll('#node dd')) shown.textContent = '–'
  setState('busy', 'Connecting')
  $('connect-button').textContent = 'Connecting …'
  $('connect-button').disabled = true
  const began = performance.now()
  try {
    connection = await dial($('address').value, self, { handlers, version: Number($('version').value) })
  } catch (error) {
    setState('failed', 'Failed')
    complain(error)
    return
  } finally {
    $('connect-button').disabled = false
    $('connect-button').textContent = connection ? 'Disconnect' : 'Connect'
  }
  const took = performance.now() - began
  setState('on', 'Connected')
  $('node-peer').textContent = connection.peer
  $('node-connected').textContent = `over WebRTC-Direct, version ${connection.version}, in ${took.toFixed(0)} ms`
  const ours = connection
  ours.closed.then(reason => disconnected(ours, reason))
  setUsable(true)
  const failed = error => { if (connection === ours) complain(error) }
  identify(ours).catch(failed)
  pinging(ours).catch(failed)
  chat(ours).catch(failed)
}

function disconnected (ended, reason) {
  if (connection !== ended) return
  connection = null
  setState('idle', 'Not connected')
  if (reason !== 'Closed here.') complain(reason)
  $('connect-button').textContent = 'Connect'
  setUsable(false)
}

function setUsable (usable) {
  for (const id of ['ping-button', 'perf-button', 'chat-text', 'chat-button']) $(id).disabled = !usable
  $('ping-button').textContent = 'Pause'
}

$('connect').addEventListener('submit', event => {
  event.preventDefault()
  if (connection) connection.close()
  else connect()
})

// ---- Identify ------------------------------------------------------------------------------------------------------

async function readIdentity (stream) {
  const known = new Map()
  for (let message; (message = await stream.readDelimited(MAX_IDENTIFY)) !== null;) {
    for (const [number, values] of fields(message) ?? []) known.set(number, [...known.get(number) ?? [], ...values])
  }
  return known
}

async function identify (connection) {
  const stream = await connection.open(IDENTIFY)
  showIdentity(await readIdentity(stream))
  await stream.closeWrite()
}

function showList (id, items, element, className) {
  $(id).replaceChildren(...items.map(item => {
    const shown = document.createElement(element)
    shown.className = className
    shown.textContent = item
    return shown
  }))
}

/** What is absent stays as it was: a push tells the changes. */
function showIdentity (known) {
  const octets = number => (known.get(number) ?? []).filter(value => value instanceof Uint8Array)
  const [agent] = octets(6)
  if (agent) $('node-agent').textContent = text(agent)
  const [observed] = octets(4)
  if (observed) $('node-observed').textContent = addressText(observed) ?? '–'
  const addresses = octets(2).map(addressText).filter(Boolean)
  if (addresses.length > 0) showList('node-addresses', addresses, 'div', '')
  const protocols = octets(3).map(text).sort()
  if (protocols.length > 0) showList('node-protocols', protocols, 'span', 'chip')
}

// ---- Ping ----------------------------------------------------------------------------------------------------------

const pingPlot = new Plot($('ping-plot'), ['rtt'], value => `${value} ms`)
let paused = false

const inMs = value => value === undefined ? '–' : value.toFixed(value < 10 ? 2 : 1)

async function pinging (connection) {
  const times = []
  paused = false
  let stream = null
  const ended = connection.closed.then(() => true)
  while (!await Promise.race([ended, sleep(PING_EVERY).then(() => false)])) {
    if (paused || document.hidden) continue
    stream ??= await connection.open(PING)
    const ping = crypto.getRandomValues(new Uint8Array(32))
    const began = performance.now()
    await stream.write(ping)
    const answer = await stream.readExactly(32)
    if (answer === null) {
      stream = null // the node ends a stream that was silent for long
      continue
    }
    times.push(performance.now() - began)
    if (times.length > PINGS_KEPT) times.shift()
    showPings(times)
  }
}

function showPings (times) {
  const sorted = [...times].sort((a, b) => a - b)
  const quantile = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  $('ping-now').textContent = inMs(quantile(0.5))
  $('ping-now').className = 'known'
  $('ping-least').textContent = inMs(sorted[0])
  $('ping-p99').textContent = inMs(quantile(0.99))
  $('ping-most').textContent = inMs(sorted.at(-1))
  $('ping-count').textContent = times.length < PINGS_KEPT ? times.length : `${PINGS_KEPT}, the last`
  pingPlot.show('rtt', times.slice(-PINGS_SHOWN), PINGS_SHOWN)
}

$('ping-button').addEventListener('click', () => {
  paused = !paused
  $('ping-button').textContent = paused ? 'Go on' : 'Pause'
})

// ---- Throughput ----------------------------------------------------------------------------------------------------

const perfPlot = new Plot($('perf-plot'), ['up', 'down'], value => `${value} MB/s`)
const RATE_EVERY = 150 // milliseconds
let transfer = null

function u64 (number) {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(number))
  return octets
}

const rate = (count, milliseconds) => count / 1000 / Math.max(milliseconds, 1e-3)
const inMBs = value => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} MB/s`

/** Shows how far a transfer has come, and how fast it is now. */
class Progress {
  constructor (name, total) {
    Object.assign(this, { name, total, began: performance.now(), last: [performance.now(), 0] })
    this.show(0)
  }

  show (count) {
    const now = performance.now()
    const [time, before] = this.last
    $(`${this.name}-bar`).value = count / this.total
    if (now - time < RATE_EVERY) return
    perfPlot.add(this.name, count / this.total, rate(count - before, now - time))
    $(`${this.name}-rate`).textContent = inMBs(rate(count - before, now - time))
    this.last = [now, count]
  }

  finish () {
    const whole = rate(this.total, performance.now() - this.began)
    const points = perfPlot.points.get(this.name)
    if (points.length > 0) points.unshift([0, points[0][1]])
    perfPlot.add(this.name, 1, points.at(-1)?.[1] ?? whole)
    $(`${this.name}-bar`).value = 1
    $(`${this.name}-rate`).textContent = inMBs(whole)
  }
}

async function upload (stream, total) {
  const progress = new Progress('up', total)
  const zeros = new Uint8Array(256 * 1024)
  const end = stream.read() // nothing comes but the end, when the node has all
  end.catch(() => {})
  await stream.write(u64(0))
  for (let sent = 0; sent < total; sent += zeros.length) {
    await stream.write(zeros.subarray(0, Math.min(zeros.length, total - sent)))
    progress.show(Math.max(0, sent + zeros.length - stream.buffered))
  }
  await stream.closeWrite()
  if (await end !== null) throw new Error('The node has sent what nobody asked for.')
  progress.finish()
}

async function download (stream, total) {
  const progress = new Progress('down', total)
  await stream.write(u64(total))
  await stream.closeWrite()
  let got = 0
  for (let octets; (octets = await stream.read()) !== null;) {
    got += octets.length
    progress.show(got)
  }
  if (got !== total) throw new Error(`Of ${total} octets ${got} came.`)
  progress.finish()
}

async function measure () {
  const total = Number($('perf-size').value) * MIB
  perfPlot.clear()
  for (const name of ['up', 'down']) {
    $(`${name}-bar`).value = 0
    $(`${name}-rate`).textContent = '–'
  }
  $('perf-button').textContent = 'Stop'
  $('perf-hint').textContent = 'Measuring …'
  const run = transfer = { stream: null, stopped: false }
  try {
    for (const work of [upload, download]) {
      if (run.stopped) break
      run.stream = await connection.open(PERF)
      await work(run.stream, total)
    }
    $('perf-hint').textContent = `${total / MIB} MiB each way, all octets counted.`
  } catch (error) {
    $('perf-hint').textContent = run.stopped ? 'Stopped.' : `It failed: ${error.message}`
  } finally {
    transfer = null
    $('perf-button').textContent = 'Measure'
  }
}

$('perf-button').addEventListener('click', () => {
  if (!transfer) return measure()
  transfer.stopped = true
  transfer.stream?.abort()
})

// ---- Chat ----------------------------------------------------------------------------------------------------------

let talk = null

function say (name, words) {
  const log = $('chat-log')
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  const item = document.createElement('li')
  if (name === '') {
    item.className = 'notice'
    item.textContent = words
  } else {
    const who = document.createElement('span')
    const what = document.createElement('p')
    item.className = name === shortPeer(self.peer) ? 'own' : ''
    who.textContent = item.className ? 'You' : connection?.peer.endsWith(name) ? `The node, ${name}` : name
    what.textContent = words
    item.append(who, what)
  }
  log.append(item)
  while (log.children.length > MESSAGES_KEPT) log.firstChild.remove()
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

async function chat (connection) {
  const stream = talk = await connection.open(CHAT).catch(error => {
    if (error.code !== 'no_common_protocol') throw error
    return null
  })
  if (stream === null) return say('', 'This node has no chat.')
  for (let message; (message = await stream.readDelimited(MAX_CHAT_MESSAGE)) !== null;) {
    const [name, ...words] = text(message).split('\n')
    say(name, words.join('\n'))
  }
}

$('chat').addEventListener('submit', event => {
  event.preventDefault()
  const words = $('chat-text').value.trim()
  if (words === '' || talk === null) return
  $('chat-text').value = ''
  talk.write(delimited(utf8(words))).catch(complain)
})

// ---- Begin ---------------------------------------------------------------------------------------------------------

/** Of the node's addresses the one that stands beside this page's own, if there is one. */
function nearest (addresses) {
  const host = location.hostname.replace(/^\[|\]$/g, '')
  return addresses.find(address => address.split('/')[2] === host) ?? addresses[0] ?? ''
}

async function begin () {
  $('self').textContent = self.peer
  $('chat-name').textContent = `you are ${shortPeer(self.peer)}`
  if (!globalThis.RTCPeerConnection) return complain(new Error('This browser has no WebRTC.'))
  if (location.hash.startsWith('#/')) {
    $('address').value = decodeURIComponent(location.hash.slice(1))
    return
  }
  try {
    const node = await (await fetch('node.json')).json()
    $('address').value ||= nearest(node.addresses)
  } catch { /* the page may be served by something that knows no node */ }
}

begin()
