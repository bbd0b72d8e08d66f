/** Throws JSON and what looks like it at the strict parser; JSON.parse and a plain second reading say what is right. */
import { isDeepStrictEqual } from 'node:util'
import { LatchkeyError } from 'latchkey'
import { parseStrictJson } from 'latchkey/http'
import { createRandom, type Random } from './random.js'
import { reasonAgainst } from './read-json.js'

export interface BodyReport {
  readonly ran: number
  readonly accepted: number
  readonly failures: readonly string[]
}

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

function makeBody(random: Random): string {
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

export function fuzzBodies({ count, seed }: { readonly count: number; readonly seed: number }): BodyReport {
  const random = createRandom(seed)
  const failures: string[] = []
  let accepted = 0
  for (let i = 0; i < count && failures.length < 20; i++) {
    const text = makeBody(random)
    const fail = (what: string) =>
      failures.push(`${what}: seed ${seed}, number ${i}: ${JSON.stringify(text).slice(0, 1500)}`)
    const expected = readPlainly(text)
    const answer = parse(text, fail)
    if ((answer === undefined) !== (expected === undefined)) fail(answer ? 'accepted' : 'refused')
    if (answer && expected && !isDeepStrictEqual(answer.value, expected.value)) fail('read as another value')
    if (answer) accepted += 1
    const asBytes = parse(makeBytes(random, text, fail), fail)
    if (answer && !asBytes) fail('refused as bytes')
  }
  return { ran: count, accepted, failures }
}

/** Bytes of the same text, or, now and then, bytes that are no UTF-8 and must be refused. */
function makeBytes(random: Random, text: string, fail: (what: string) => void): Uint8Array {
  const bytes = Buffer.from(text)
  if (random.chance(0.05)) {
    const damaged = Buffer.concat([bytes, Buffer.from(random.pick([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]))])
    if (parse(damaged, fail)) fail('bad UTF-8 was accepted')
  }
  return bytes
}

function readPlainly(text: string): { value: unknown } | undefined {
  // A text with half of a pair is that of no bytes, whatever an escape beside it would make of it.
  if (Buffer.from(text).toString() !== text) return undefined
  try {
    const value = JSON.parse(text)
    return reasonAgainst(text) === undefined ? { value } : undefined
  } catch {
    return undefined
  }
}

function parse(body: string | Uint8Array, fail: (what: string) => void): { value: unknown } | undefined {
  try {
    return { value: parseStrictJson(body) }
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'parameter_invalid') fail(`threw ${error}`)
    else if (JSON.stringify(error.toProblem()).length > 600) fail('a long answer')
    return undefined
  }
}
