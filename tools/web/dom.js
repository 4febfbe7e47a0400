// SPDX-License-Identifier: MIT OR Apache-2.0
// What both parts of the page do with the document.

export const $ = id => document.getElementById(id)

/** An element; `properties` are set, and `children`, elements or texts, are in it. */
export function element (name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

export const shortPeer = peer => peer.slice(-6)

const states = new Map() // of the page's parts
let shown = ''

/** What the header says while that part of the page is looked at: 'idle', 'busy', 'on' or 'failed', and words. */
export function setState (part, state, words) {
  states.set(part, [state, words])
  if (part === shown) showPart(part)
}

export function showPart (part) {
  const [state, words] = states.get(part)
  shown = part
  $('state').dataset.state = state
  $('state').querySelector('b').textContent = words
}

/** Shows an Error, or words, in the element of that id; hides it where there is none. */
export function complain (id, error) {
  $(id).hidden = !error
  $(id).textContent = error ? (error.message ?? String(error)) : ''
}

const UNITS = ['octets', 'KiB', 'MiB', 'GiB', 'TiB']

export function inOctets (count) {
  let unit = 0
  for (; count >= 1024 && unit < UNITS.length - 1; unit++) count /= 1024
  return `${unit === 0 || count >= 100 ? count.toFixed(0) : count.toFixed(1)} ${UNITS[unit]}`
}

export const inMilliseconds = value => value === undefined ? '–' : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
