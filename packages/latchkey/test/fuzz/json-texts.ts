/** JSON texts, and what looks like them. */
import type { Random } from './random.js'

const strings = [
  ...[
    '"a"',
    '"a"',
    '"b"',
    '"\\u0061"',
    '""',
    '"__proto__"',
    '"\\u005f_proto__"',
    '"__proto_\\u005f"',
    '"constructor"',
    '"\\\\"',
    '"\\""',
  ],
  ...[
    '"\\\\\\""',
    '"\\\\u0061"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\\\ud800"',
    '"😀"',
    '"é"',
    '"e\u0301"',
    '"\u2028"',
  ],
  ...[
    '"\\u0000"',
    '"}"',
    '"{"',
    '"]"',
    '","',
    '":"',
    '"\\/"',
    '"\ufeff"',
    '"{\\"a\\":1,\\"a\\":2}"',
    '"1e400"',
    '"\ud800"',
    '"x\udfff"',
  ],
]
const scalars = [
  '0',
  '-0',
  '1',
  '-1',
  '1.5',
  '1e5',
  '1E+5',
  '1e-5',
  '1e308',
  '1e309',
  '-1e999',
  '1e-999',
  '123456789012345678901234567890',
  'true',
  'false',
  'null',
]
const broken = [
  '01',
  '+1',
  '.5',
  '1.',
  '1e',
  '0x1',
  'NaN',
  'Infinity',
  'undefined',
  "'a'",
  '"\n"',
  '"\\x"',
  '"\\u12"',
  '',
  '-',
  'tru',
  '"',
  '/**/',
  '1_0',
]
const letters = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  ' ',
  '\0',
  '\ufeff',
  '\u00a0',
  'e',
  '0',
  '-',
  '\\u',
  'a',
  '\ud800',
  '\n',
  '"a":1,',
]

function make(random: Random, depth: number): string {
  const space = () => (random.chance(0.1) ? random.pick([' ', '\n', '\t', '\r', '  ']) : '')
  const choice = depth > 5 ? random.below(2) : random.below(6)
  if (random.chance(0.002)) return random.pick(broken)
  if (choice === 0) return random.pick(scalars)
  if (choice === 1) return random.pick(strings)
  const items = Array.from({ length: random.below(5) }, () => {
    const value = make(random, depth + 1)
    return choice < 4
      ? `${space()}${random.pick(strings)}${space()}:${space()}${value}${space()}`
      : `${space()}${value}${space()}`
  })
  return choice < 4 ? `{${items.join(',')}}` : `[${items.join(',')}]`
}

export function makeJsonText(random: Random): string {
  let text = make(random, 0)
  if (random.chance(0.02)) {
    const levels = 25 + random.below(12)
    const [open, close] = random.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"b":', '}]'],
    ] as const)
    text = open.repeat(levels) + text + close.repeat(levels)
  }
  for (let i = random.pick([0, 0, 0, 1, 2]); i > 0; i--) {
    const at = random.below(text.length + 1)
    text = text.slice(0, at) + random.pick(letters) + text.slice(at + random.below(2))
  }
  return text
}
