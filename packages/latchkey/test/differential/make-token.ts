/** Tokens to compare: most of them signed anew, and so right but for one thing, or right altogether. */
import { claims, now } from '../fixtures.js'
import type { Random } from '../fuzz/random.js'
import { additions, mutateSigned } from '../fuzz/signed-mutants.js'
import type { Target } from '../fuzz/targets.js'
import { mutateText } from '../fuzz/text-mutants.js'
import { makeVariant } from '../fuzz/variants.js'
import { otherTexts } from '../other-texts.js'

export interface Made {
  readonly kind: string
  readonly token: string
}

/** Values of every JSON type, as JSON, since some cannot be written by JSON.stringify. */
const values = [
  ...[
    'null',
    'true',
    'false',
    '""',
    '" "',
    '"x"',
    '"7"',
    '"\\u0000"',
    '"\\ud800"',
    '"\u00e9"',
    '[]',
    '{}',
    '[[]]',
    '[null]',
  ],
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '0.5',
    '1e3',
    '1.0',
    '1e400',
    '-1e400',
    '2147483646',
    '2147483647',
    '9007199254740991',
    '9007199254740992',
  ],
  ...[
    '"orders"',
    '["orders"]',
    '["orders","orders"]',
    '["x","orders",1]',
    '"https://id.example"',
    '["https://id.example"]',
  ],
  ...[
    '"order:read"',
    '"order:read "',
    '"*"',
    '{"0":"orders"}',
    '{"length":1}',
    '1800000000',
    '1800000000.5',
    '"1800000000"',
  ],
]
const types = [
  'at+jwt',
  'AT+JWT',
  'At+Jwt',
  'application/at+jwt',
  'APPLICATION/at+jwt',
  'JWT',
  'at+jwt ',
  'application/application/at+jwt',
  '',
  null,
  1,
]
const names = [...Object.keys(claims), 'nbf', 'x']

type Maker = (random: Random, target: Target) => string

const makers: Readonly<Record<string, Maker>> = {
  'as it is': (random, { tokens }) => random.pick(tokens),
  'another spelling': (random, { tokens }) => random.pick(otherTexts(random.pick(tokens)))[1],
  'a claim of any type': (random, { header, sign }) => {
    const name = random.pick(names)
    const members = Object.entries({ ...claims, [name]: null }).map(
      ([one, value]) => `"${one}":${one === name ? random.pick(values) : JSON.stringify(value)}`,
    )
    return sign(JSON.stringify(header), `{${members.join(',')}}`)
  },
  'a number near a limit': (random, { header, sign }) => {
    const limit = random.pick([0, 2 ** 31 - 1, 2 ** 32, 2 ** 53, now, now + 60, now + 30 * 86_400, now * 1000])
    const name = random.pick(['iat', 'exp', 'nbf', 'auth_time', 'gen', 'client_type'])
    return sign(
      JSON.stringify(header),
      JSON.stringify({ ...claims, [name]: limit + random.below(5) - 2 + random.pick([0, 0, 0, 0.5]) }),
    )
  },
  'another typ': (random, { header, sign }) =>
    sign(JSON.stringify({ ...header, typ: random.pick(types) }), JSON.stringify(claims)),
  'crit, b64 and other members': (random, { header, sign }) =>
    sign(JSON.stringify({ ...header, ...random.pick(additions) }), JSON.stringify(claims)),
  'the header of another key': (random, { siblings, sign }) =>
    sign(JSON.stringify(random.pick(siblings).header), JSON.stringify(claims)),
  'another length': (random, { header, sign }) =>
    sign(JSON.stringify(header), JSON.stringify({ ...claims, x: 'x'.repeat(5650 + random.below(150)) })),
  'the twin of a signature': (random, { alg, tokens }) => {
    const token = random.pick(tokens)
    return alg === 'ES256' ? twinOf(token) : token
  },
}
const kinds = Object.keys(makers)

export function makeToken(random: Random, target: Target): Made {
  const choice = random.below(20)
  if (choice < 4) return mutateText(random, target)
  if (choice < 9) return mutateSigned(random, target)
  if (choice < 14) return makeVariant(random, target)
  const kind = random.pick(kinds)
  return { kind, token: (makers[kind] as Maker)(random, target) }
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The other signature of the same text: s and its negative both verify. */
function twinOf(token: string): string {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const hex = Buffer.from(signature, 'base64url').toString('hex')
  const s = (order - BigInt(`0x${hex.slice(64)}`)).toString(16).padStart(64, '0')
  return `${header}.${payload}.${Buffer.from(hex.slice(0, 64) + s, 'hex').toString('base64url')}`
}
