import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Finding, fault, ok } from './finding.js'

const waitMs = 500

/** The addresses by which other machines reach this one; those that need a zone are left out. */
export function outerAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  return all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:')).map(({ address }) => address)
}

/** Tries whether something answers on the port of the metrics by another address than loopback. */
export async function checkMetricsPort(port: number | undefined, addresses = outerAddresses()): Promise<Finding> {
  if (port === undefined) return ok('metrics', 'There are no metrics.')
  const open = await Promise.all(addresses.map((address) => takesConnections(port, address)))
  const reached = addresses.filter((_, i) => open[i])
  if (reached.length === 0) return ok('metrics', `Port ${port} takes no connection but on loopback.`)
  const advice = 'Let nothing pass the port on; other machines ask for the metrics by a way that knows them.'
  return fault('metrics', `Port ${port} of the metrics takes connections on ${reached.join(', ')}.`, advice)
}

function takesConnections(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: waitMs })
    function end(answer: boolean): void {
      socket.destroy()
      resolve(answer)
    }
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })
}
