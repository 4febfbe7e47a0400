// SPDX-License-Identifier: MIT OR Apache-2.0

/** An error with a short name for programs: refused, timed_out, peer_mismatch, no_common_protocol, stream_reset, … */
export class P2pError extends Error {
  constructor (code, message) {
    super(message)
    this.code = code
  }
}

export const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

/** Rejects with `timed_out` when `promise` takes longer than so many milliseconds. */
export function within (milliseconds, promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new P2pError('timed_out', what)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
