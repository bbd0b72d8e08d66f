/** Requests at a steady rate, however long the answers take: who waits for an answer before asking again sees no bad moment twice. */

import { expectStatus } from './load.mjs'
import { pathOf, startNode } from './processes.mjs'

/**
 * Sends `nextText()` so often for `ms`, over connections in turns. Answers the milliseconds that each took; one whose connection
 * still waits for another answer waits, which counts.
 * @throws Error for any answer but 200.
 */
export async function askSteadily(connections, perSecond, ms, nextText) {
  const count = Math.round((perSecond * ms) / 1000)
  const last = connections.map(() => undefined)
  const answers = []
  const began = performance.now()
  for (let sent = 0; sent < count; sent++) {
    const early = began + (sent * 1000) / perSecond - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const index = sent % connections.length
    last[index] = time(last[index], connections[index], nextText())
    // It is awaited below.
    last[index].catch(() => {})
    answers.push(last[index])
  }
  return Promise.all(answers)
}

async function time(before, { ask }, text) {
  const began = performance.now()
  await before
  await expectStatus(ask(text), 200)
  return performance.now() - began
}

/** A process that asks so, for whoever is busy otherwise: `ask(ms)` answers `p50Ms` and `p99Ms`. */
export async function startSteady(url, path, perSecond, headers) {
  const words = [pathOf('clients/steady.mjs'), url, path, String(perSecond), JSON.stringify(headers)]
  const started = startNode(words)
  await started.nextLine()
  return started
}
