// SPDX-License-Identifier: MIT OR Apache-2.0
// Which way the octets of a connection take, as the browser tells it.

/** 10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10, 127/8; fc00::/7, fe80::/10, ::1. */
export function isPrivateAddress (address) {
  const four = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(address)
  if (four) {
    const [a, b] = [Number(four[1]), Number(four[2])]
    return a === 10 || a === 127 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) || (a === 169 && b === 254) ||
      (a === 100 && b >> 6 === 1)
  }
  return /^(f[cd]|fe[89ab]|::1$)/i.test(address)
}

/** The end of a pair: { type ('host', 'srflx', 'prflx' or 'relay'), address ('' where the browser hides it), port }. */
const endOf = ({ candidateType, address, ip, port }) => ({ type: candidateType, address: address ?? ip ?? '', port: port ?? 0 })

/**
 * 'turn', 'nat' or 'host'. A remote end that nobody told us of ('prflx') is what a NAT makes of its address, or what a
 * browser has hidden behind a name: an address of a private network, or none that is shown, is taken for the latter.
 */
export function kindOf (local, remote) {
  if (local.type === 'relay' || remote.type === 'relay') return 'turn'
  if (local.type !== 'host' || remote.type === 'srflx') return 'nat'
  if (remote.type !== 'prflx' || remote.address === '' || isPrivateAddress(remote.address)) return 'host'
  return 'nat'
}

/** The pair that is used, of what getStats tells: { kind, local, remote, protocol, roundTrip (ms) }; null before there is one. */
export function selectedPair (stats) {
  const reports = [...stats.values()]
  const chosen = reports.find(report => report.type === 'transport' && report.selectedCandidatePairId)
  const pair = chosen
    ? stats.get(chosen.selectedCandidatePairId)
    : reports.find(report => report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded')
  const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)]
  if (!local || !remote) return null
  return {
    kind: kindOf(endOf(local), endOf(remote)), local: endOf(local), remote: endOf(remote),
    protocol: local.relayProtocol ?? local.protocol ?? 'udp',
    roundTrip: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000
  }
}

/** The path of a connection: { kind: 'relay', limited }, or of `selectedPair`; null where nobody knows. */
export async function pathOf (connection) {
  if (connection.transport === 'relay') return { kind: 'relay', limited: connection.limited }
  return connection.pc ? selectedPair(await connection.pc.getStats()) : null
}
