/** What was measured, for people: Markdown. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { median, speedRatio } from './rounds.mjs'

const require = createRequire(import.meta.url)

export function describeMachine() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const { version } = require('../../packages/latchkey/package.json')
  const peers = Object.entries(dependencies).map(([name, peer]) => `${name} ${peer}`)
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    `${cpus().length} x ${cpus()[0]?.model}, ${memory} GiB, ${process.platform} ${process.arch}`,
    `Node ${process.version}, OpenSSL ${process.versions.openssl}, latchkey ${version}, ${peers.join(', ')}`,
  ]
}

/** `ours` is compared with `base`, and must reach `budget` times its speed. */
export function toMarkdown({ work, base, ours, results, budget }, rounds) {
  const baseline = results.find(({ name }) => name === base)
  const rows = results.map((one) => {
    const ratio = speedRatio(one, baseline)
    const goal = one.name !== ours ? '' : `${budget} ${ratio.median >= budget ? 'reached' : '**not reached**'}`
    const spread = one === baseline ? '' : `${ratio.least.toFixed(2)} to ${ratio.greatest.toFixed(2)}`
    return [one.name, (median(one.times) / 1000).toFixed(2), ratio.median.toFixed(2), spread, goal]
  })
  const heads = ['', 'us each', `speed, ${base} = 1`, 'least to greatest', 'must reach']
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    `## ${work}`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    '',
    `Medians of ${rounds} rounds.`,
    '',
  ].join('\n')
}
