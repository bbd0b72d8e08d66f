/** What was measured, for people: Markdown. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { median } from './rounds.mjs'

/**
 * A table: `work`; `unit` of the values; `results`, each `name` and `values`, one a round; `more` when more is better (less is
 * by default); `base`, the name of what all are compared with; `goals`, each `name` and either `times` as good as `against`, or
 * `atMost`, which is so many times `against` where that is given; `notes`, sentences.
 */

const require = createRequire(import.meta.url)

export function describeMachine() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const { version } = require('../../packages/latchkey/package.json')
  const peers = Object.entries(dependencies).map(([name, peer]) => `${name} ${peer}`)
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    `${cpus().length} x ${cpus()[0]?.model}, ${memory} GiB, ${process.platform} ${process.arch}`,
    `Node ${process.version}, OpenSSL ${process.versions.openssl}, latchkey ${version}`,
    `Peers: ${peers.join(', ')}`,
  ]
}

/** How many times as good `name` is as `against`: the median of the ratios of the rounds, and the least and greatest. */
export function ratioOf({ results, more }, name, against) {
  const [one, other] = [name, against].map((wanted) => results.find((result) => result.name === wanted).values)
  const ratios = one.map((value, round) => (more ? value / other[round] : other[round] / value))
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}

/** Each goal with what came of it: `seen`, and whether it is `reached`. */
export function judge(table) {
  return (table.goals ?? []).map((goal) => {
    const { name, times, against, atMost } = goal
    if (times !== undefined) {
      const seen = ratioOf(table, name, against).median
      return { ...goal, seen, reached: seen >= times }
    }
    const seen =
      against === undefined
        ? median(table.results.find((result) => result.name === name).values)
        : ratioOf({ ...table, more: true }, name, against).median
    return { ...goal, seen, reached: seen <= atMost }
  })
}

export function toMarkdown(table) {
  const { work, unit, base, results, notes = [] } = table
  const judged = judge(table)
  const rows = results.map(({ name, values }) => {
    const cells = [name, round(median(values)), `${round(Math.min(...values))} to ${round(Math.max(...values))}`]
    if (base !== undefined) cells.push(round(ratioOf(table, name, base).median))
    const verdicts = judged.filter((goal) => goal.name === name).map(describeGoal)
    return [...cells, verdicts.join('; ')]
  })
  const heads = ['', unit, 'least to greatest', ...(base === undefined ? [] : [`${base} = 1`]), 'must reach']
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rounds = results[0].values.length
  return [
    `## ${work}`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    '',
    [rounds > 1 ? `Medians of ${rounds} rounds.` : '', ...notes].filter(Boolean).join(' '),
    '',
  ].join('\n')
}

function describeGoal({ times, against, atMost, seen, reached }) {
  const much = times === undefined ? `at most ${atMost}` : String(times)
  const wanted = against === undefined ? much : `${much} times ${against}`
  return `${wanted}: ${reached ? 'reached' : '**not reached**'} (${round(seen)})`
}

function round(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return value.toFixed(digits)
}
