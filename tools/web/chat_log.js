// SPDX-License-Identifier: MIT OR Apache-2.0
// /p2p-chat/1.0.0, and the list that shows what was said.
import { delimited, text, utf8 } from './bytes.js'
import { element } from './dom.js'

export const CHAT = '/p2p-chat/1.0.0'
const MAX_MESSAGE = 2048
const KEPT = 300
const PAUSE = 50 // milliseconds between two messages that are heard

export class ChatLog {
  constructor (list) { this.list = list }

  clear () { this.list.replaceChildren() }

  notice (words) { this.#add(element('li', { className: 'notice' }, words)) }

  say (who, words, isOwn) {
    this.#add(element('li', { className: isOwn ? 'own' : '' }, element('span', {}, who), element('p', {}, words)))
  }

  #add (item) {
    const { list } = this
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40
    list.append(item)
    while (list.children.length > KEPT) list.firstChild.remove()
    if (isAtEnd) list.scrollTop = list.scrollHeight
  }
}

const pause = () => new Promise(resolve => setTimeout(resolve, PAUSE))

/** One who goes into a room, a node's or another page's: calls `heard` with each name and what was said. */
export async function hearRoom (stream, heard) {
  for (let message; (message = await stream.readDelimited(MAX_MESSAGE)) !== null;) {
    const [name, ...words] = text(message).split('\n')
    heard(name, words.join('\n'))
    await pause()
  }
}

/** The room's side: calls `heard` with what the one who came says. */
export async function hearMember (stream, heard) {
  for (let message; (message = await stream.readDelimited(MAX_MESSAGE)) !== null;) {
    heard(text(message))
    await pause()
  }
}

export const tellRoom = (stream, words) => stream.write(delimited(utf8(words)))
export const tellMember = (stream, name, words) => stream.write(delimited(utf8(`${name}\n${words}`)))
