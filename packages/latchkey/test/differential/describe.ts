/** A comparison as tables in Markdown: what docs/differential.md holds. */
import type { Rule } from '../fuzz/plain-token.js'
import type { Comparison } from './compare.js'
import { reasons } from './reasons.js'

const written = (count: number) => count.toLocaleString('en')

export function describeComparison({ ran, allAccept, allRefuse, theyAccept, weAccept, kinds }: Comparison): string {
  const classes = Object.entries(reasons).map(([rule, { because }]) => {
    const row = theyAccept.get(rule as Rule) ?? { jose: 0, 'fast-jwt': 0 }
    return `| ${rule} | ${written(row.jose)} | ${written(row['fast-jwt'])} | ${because} |`
  })
  const made = [...kinds].sort(([one], [other]) => (one < other ? -1 : 1))
  const weAlone = [...weAccept].map(([code, count]) => `| ${code} | ${written(count)} |`)
  return [
    `Of ${written(ran)} tokens, ${written(allAccept)} were accepted by all three and ${written(allRefuse)} refused by all three.`,
    '',
    '| what we refuse | jose accepts | fast-jwt accepts | why |',
    '|---|---|---|---|',
    ...classes,
    '',
    ...(weAlone.length === 0
      ? ['We accepted none that one of them refuses.']
      : ['| we accept, they refuse | tokens |', '|---|---|', ...weAlone]),
    '',
    '| how a token was made | tokens | accepted by us |',
    '|---|---|---|',
    ...made.map(([kind, row]) => `| ${kind} | ${written(row.made)} | ${written(row.accepted)} |`),
  ].join('\n')
}
