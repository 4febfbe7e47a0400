// SPDX-License-Identifier: MIT OR Apache-2.0
// Octets: varints, protobuf fields, base58, base64url. Every reader is total: it returns null on what is no such thing.

export const utf8 = text => new TextEncoder().encode(text)
export const text = octets => new TextDecoder().decode(octets)

export function concat (...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const equal = (a, b) => a.length === b.length && a.every((octet, i) => octet === b[i])

/** An unsigned LEB128 varint; numbers up to 2^53. */
export function varint (number) {
  const octets = []
  for (; number > 127; number = Math.floor(number / 128)) octets.push(number % 128 + 128)
  octets.push(number)
  return Uint8Array.from(octets)
}

/** [number, where it ends]; undefined where the octets end too early, null when it is longer than eight octets. */
export function readVarint (octets, at = 0) {
  let number = 0
  let factor = 1
  for (let i = 0; i < 8; i++, factor *= 128) {
    if (at + i >= octets.length) return undefined
    const octet = octets[at + i]
    number += (octet & 127) * factor
    if (octet < 128) return [number, at + i + 1]
  }
  return null
}

export const delimited = octets => concat(varint(octets.length), octets)

/** A field of a protobuf message: octets, or a number. */
export const field = (number, value) => typeof value === 'number'
  ? concat(varint(number * 8), varint(value))
  : concat(varint(number * 8 + 2), delimited(value))

/** A Map of the field's number to all its values, numbers or octets; null when it is no protobuf message. */
export function fields (octets) {
  const found = new Map()
  for (let at = 0; at < octets.length;) {
    const tag = readVarint(octets, at)
    if (!tag) return null
    const [number, kind] = [Math.floor(tag[0] / 8), tag[0] % 8]
    let value
    at = tag[1]
    if (kind === 0 || kind === 2) {
      const read = readVarint(octets, at)
      if (!read) return null
      ;[value, at] = read
      if (kind === 2) {
        const end = at + value
        if (end > octets.length) return null
        value = octets.subarray(at, end)
        at = end
      }
    } else if (kind === 1 || kind === 5) {
      at += kind === 1 ? 8 : 4
      if (at > octets.length) return null
      continue
    } else {
      return null
    }
    found.set(number, [...found.get(number) ?? [], value])
  }
  return found
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export function base58 (octets) {
  const digits = []
  for (let carry of octets) {
    for (let i = 0; i < digits.length; i++) {
      carry += digits[i] * 256
      digits[i] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  const zeros = octets.findIndex(octet => octet !== 0)
  return '1'.repeat(zeros < 0 ? octets.length : zeros) + digits.reverse().map(digit => BASE58[digit]).join('')
}

/** The octets of base58 of at most 128 characters; null where it is none. */
export function fromBase58 (characters) {
  if (characters.length > 128) return null
  const octets = []
  for (const character of characters) {
    let carry = BASE58.indexOf(character)
    if (carry < 0) return null
    for (let i = 0; i < octets.length; i++) {
      carry += octets[i] * 58
      octets[i] = carry & 255
      carry >>= 8
    }
    if (carry > 0) octets.push(carry)
  }
  const zeros = /^1*/.exec(characters)[0].length
  return Uint8Array.from([...new Array(zeros).fill(0), ...octets.reverse()])
}

export const hex = octets => [...octets].map(octet => octet.toString(16).padStart(2, '0')).join('')

export function fromBase64url (characters) {
  if (!/^[\w-]+$/.test(characters)) return null
  try {
    return Uint8Array.from(atob(characters.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0))
  } catch {
    return null
  }
}

export const toBase64url = octets =>
  btoa(String.fromCharCode(...octets)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
