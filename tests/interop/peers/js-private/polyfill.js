// SPDX-License-Identifier: MIT OR Apache-2.0

// node 20 lacks what js-libp2p 3 uses.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}
