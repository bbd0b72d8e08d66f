/** Tokens that the real key signed, though no right issuer would: all of them must be refused. */
import { generateKey } from 'latchkey/token'
import { rawSigner } from '../fixtures.js'
import { breakClaims, rightClaims } from './broken-claims.js'
import type { Random } from './random.js'
import type { Mutant, Target } from './targets.js'

const intruder = generateKey('EdDSA')
const signAsIntruder = rawSigner(intruder)
const nowhere = 'http://127.0.0.1:1/jwks.json'

const algs = [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'HS256 ',
    'hs256',
    'HS1',
    'HS2560',
    'RS256',
    'PS256',
    'ES256K',
    'ES384',
    'ES512',
    'Ed25519',
    'eddsa',
  ],
  ...[
    'EdDSA',
    'ES256',
    'HS256',
    'HS384',
    'HS512',
    'dir',
    'A256GCM',
    '__proto__',
    'constructor',
    'toString',
    null,
    0,
    true,
    [],
    {},
    ['HS256'],
  ],
]
export const strangeKids: readonly unknown[] = [
  ...[
    '',
    '/dev/null',
    '../../../../dev/null',
    'file:///dev/null',
    "' UNION SELECT 'x",
    "x'; DROP TABLE signing_keys; --",
    '| sleep 10',
  ],
  ...[
    'http://127.0.0.1:1/key',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '0',
    '*',
    '%00',
    '\0',
    'a\0b',
    '\u202e',
    'é',
  ],
  ...['k'.repeat(5000), 0, 1, -1, true, false, null, [], {}, [''], { toString: 'x' }, ['__proto__'], 1e21],
]
const types = [
  'JWT',
  'jwt',
  'rt+jwt',
  'at+JWT',
  'AT+JWT',
  'application/at+jwt',
  ' at+jwt',
  'at+jwt ',
  'at+jwt\0',
  '',
  'at',
  null,
  1,
  true,
  [],
  {},
  ['at+jwt'],
]

export const additions: readonly Record<string, unknown>[] = [
  ...[[], ['exp'], ['b64'], ['alg'], ['exp', 'exp'], ['nothing'], [''], [1], 'exp', {}, null, true].map((crit) => ({
    crit,
  })),
  { crit: ['b64'], b64: true },
  { b64: false },
  { b64: true },
  { cty: 'JWT' },
  { zip: 'DEF' },
  { jku: nowhere },
  { x5u: nowhere },
  { x5c: ['MIIB'] },
  { x5t: 'AAAA' },
  { jwk: intruder.toPublicJwk() },
  { enc: 'A128GCM' },
  { iat: 0, exp: 1 },
  { constructor: {} },
  { x: { y: [1, 2, { z: null }] } },
]

const breakHeader: Readonly<Record<string, (random: Random, header: Target['header']) => string | Uint8Array>> = {
  alg: (random, header) => JSON.stringify({ ...header, alg: random.pick(algs.filter((alg) => alg !== header.alg)) }),
  kid: (random, header) => JSON.stringify({ ...header, kid: random.pick(strangeKids) }),
  typ: (random, header) => JSON.stringify({ ...header, typ: random.pick(types) }),
  'an added member': (random, header) =>
    JSON.stringify(
      random.chance(0.5) ? { ...header, ...random.pick(additions) } : { ...random.pick(additions), ...header },
    ),
  'a missing member': (random, header) => {
    const missing = random.pick(['alg', 'kid', 'typ'])
    return JSON.stringify(Object.fromEntries(Object.entries(header).filter(([name]) => name !== missing)))
  },
  'a repeated member': (random, header) => {
    const [name, value] = random.pick(Object.entries(header))
    const spelt = random.pick([name, `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`])
    const member = `"${spelt}":${JSON.stringify(random.pick([value, 'none', 'HS256', null, '']))}`
    const text = JSON.stringify(header)
    return random.chance(0.5) ? `{${member},${text.slice(1)}` : `${text.slice(0, -1)},${member}}`
  },
  'not strict': (random, header) => {
    const text = JSON.stringify(header)
    return random.pick<string | Uint8Array>([
      ...[
        `\ufeff${text}`,
        `${text}\0`,
        `${text} x`,
        `[${text}]`,
        JSON.stringify(text),
        'null',
        '0',
        '""',
        '[]',
        '{}',
        '{',
        text.slice(0, -1),
      ],
      ...[
        `${text.slice(0, -1)},}`,
        `${text.slice(0, -1)},"__proto__":{}}`,
        `{"__proto__":${text},${text.slice(1)}`,
        text.replaceAll('"', "'"),
      ],
      ...[
        `${text.slice(0, -1)},"x":"\\ud800"}`,
        `${text.slice(0, -1)},"x":1e400}`,
        `${text.slice(0, -1)},"x":${'['.repeat(50)}${']'.repeat(50)}}`,
      ],
      Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff]), Buffer.from(text.slice(-2))]),
      Buffer.from(text, 'utf16le'),
      random.bytes(random.below(60)),
    ])
  },
}
const headerKinds = Object.keys(breakHeader)

/** A right signature over something wrong. */
export function mutateSigned(random: Random, target: Target): Mutant {
  const choice = random.below(10)
  if (choice === 0) return forge(random, target)
  if (choice < 6) {
    const [kind, payload] = breakClaims(random)
    return { kind: `payload: ${kind}`, token: target.sign(JSON.stringify(target.header), payload), expected: 'refused' }
  }
  const kind = random.pick(headerKinds)
  const header = (breakHeader[kind] as (random: Random, header: Target['header']) => string | Uint8Array)(
    random,
    target.header,
  )
  return { kind: `header: ${kind}`, token: target.sign(header, rightClaims()), expected: 'refused' }
}

/** Signed by a key nobody trusts, which the header brings along or names as one that is trusted. */
function forge(random: Random, target: Target): Mutant {
  const jwk = intruder.toPublicJwk()
  const { kid } = target.header
  const header = random.pick<object>([
    { alg: 'EdDSA', kid, typ: 'at+jwt' },
    { alg: 'EdDSA', kid, typ: 'at+jwt', jwk },
    { alg: 'EdDSA', kid: intruder.kid, typ: 'at+jwt', jwk },
    { alg: 'EdDSA', typ: 'at+jwt', jwk },
    { alg: 'EdDSA', kid: jwk, typ: 'at+jwt' },
    { alg: 'EdDSA', kid, typ: 'at+jwt', jku: nowhere },
    { alg: 'EdDSA', kid: nowhere, typ: 'at+jwt', x5u: nowhere },
  ])
  return { kind: 'forged', token: signAsIntruder(JSON.stringify(header), rightClaims()), expected: 'refused' }
}
