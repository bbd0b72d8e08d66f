/** Unusual tokens that are right, and some on the edge: here we may not accept what jose refuses. */
import { claims, now } from '../fixtures.js'
import { rightClaims } from './broken-claims.js'
import type { Random } from './random.js'
import type { Mutant, Target } from './targets.js'

const more = [
  ...[
    '"nbf":0',
    '"nbf":1800000000',
    '"nbf":1.8e9',
    '"x":null',
    '"x":[[],{}]',
    '"constructor":{"prototype":1}',
    '"toString":1',
    '"":{}',
  ],
  ...[
    '"x":{"a":1,"b":{"a":1}},"y":[{"a":1},{"a":1}]',
    '"x":"\\ud83d\\ude00"',
    '"x":"\\u0000"',
    '"x":1e-400',
    '"x":-0.0',
    '"proto__":1',
  ],
  ...[
    `"x":${'['.repeat(31)}${']'.repeat(31)}`,
    '"x":"__proto__"',
    '"x":["a","a"]',
    '"refused":"token_invalid"',
    '"status":200',
  ],
]
const spaces = ['', ' ', '\n', '\t', '\r', ' \r\n\t ']
const subjects = [
  '0',
  'ann@example.org',
  'Ünïcode',
  '😀',
  '\u0000',
  ' ',
  '"\\',
  '__proto__',
  'x'.repeat(300),
  '\ufeff',
  '\u202e',
]

/** Valid JSON of the same value: order, white space and escapes are free. */
function rewrite(random: Random, value: Readonly<Record<string, unknown>>): string {
  const space = () => random.pick(spaces)
  const text = (one: string) =>
    JSON.stringify(one).replace(/[a-z]/g, (letter) =>
      random.chance(0.1) ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
    )
  const number = (one: number) => random.pick([`${one}`, `${one}.0`, `${one}e0`, `${one}E+00`, `${one}0e-1`])
  const any = (one: unknown): string => {
    if (typeof one === 'string') return text(one.replace(/\\/g, '\\'))
    if (typeof one === 'number') return number(one)
    return `[${space()}${(one as unknown[]).map(any).join(`${space()},${space()}`)}${space()}]`
  }
  const names = Object.keys(value).sort(() => random.below(3) - 1)
  const members = names.map((name) => `${space()}${text(name)}${space()}:${space()}${any(value[name])}${space()}`)
  return `${space()}{${members.join(',')}}${space()}`
}

export function makeVariant(random: Random, target: Target): Mutant {
  const header = JSON.stringify(target.header)
  switch (random.below(5)) {
    case 0:
      return {
        kind: 'variant: more claims',
        token: target.sign(header, rightClaims(random.pick(more))),
        expected: 'accepted',
      }
    case 1:
      return {
        kind: 'variant: rewritten',
        token: target.sign(rewrite(random, target.header), rewrite(random, claims)),
        expected: 'accepted',
      }
    case 2: {
      const changed = {
        ...claims,
        sub: random.pick(subjects),
        aud: random.pick(['orders', ['x', 'orders'], ['orders', 'orders']]),
      }
      return { kind: 'variant: subject', token: target.sign(header, JSON.stringify(changed)), expected: 'accepted' }
    }
    case 3: {
      const near = () => now + random.below(9) - 4
      const changed = { ...claims, exp: near(), iat: near(), nbf: near(), auth_time: near() }
      return { kind: 'variant: moments', token: target.sign(header, JSON.stringify(changed)), expected: 'as jose' }
    }
    default: {
      const text = rightClaims(random.pick(more))
      const at = random.below(text.length)
      const letter = random.pick([...'0123456789{}[],:"\\ \nnulltruefalseE.-_'])
      const changed = text.slice(0, at) + letter + text.slice(at + random.below(2))
      return { kind: 'variant: one letter of JSON', token: target.sign(header, changed), expected: 'as jose' }
    }
  }
}
