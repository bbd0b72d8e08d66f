/** Payloads that must be refused, whoever signed them. */
import { claims, issuer } from '../fixtures.js'
import type { Random } from './random.js'

/** Values as JSON text, since some of them cannot be written by JSON.stringify. */
const notText = ['null', 'true', 'false', '0', '7', '1.5', '-1', '1e400', '{}', '[]', '["x"]', '{"$gt":""}', '""']
const notNumber = [
  ...['null', 'true', 'false', '"1800000000"', '"NaN"', '""', '"Infinity"', '{}', '[]', '[1800000000]', '{"$gt":0}'],
  ...['-1', '1.5', '1e400', '-1e400', '9007199254740992', '1e300', '1e-300000', '-1e-3'].filter(
    (text) => Number(text) !== 0,
  ),
]
const notRandom = [
  ...notText,
  '"short"',
  `"${'A'.repeat(23)}"`,
  `"${'A'.repeat(21)}B"`,
  `"${'A'.repeat(20)}=="`,
  `"${'A'.repeat(21)}+"`,
]
const notCounter = [...notNumber, '2147483647', '4294967296', '1800000000000']

export const wrongValues: Readonly<Record<string, readonly string[]>> = {
  iss: [
    ...notText,
    ...[
      `${issuer}/`,
      issuer.slice(0, -1),
      issuer.toUpperCase(),
      ` ${issuer}`,
      'https://evil.example',
      `${issuer}\0`,
    ].map((text) => JSON.stringify(text)),
    JSON.stringify([issuer]),
  ],
  aud: [
    ...[
      'null',
      'true',
      '0',
      '7',
      '{}',
      '[]',
      '""',
      '[""]',
      '["orders",""]',
      '["orders",1]',
      '["orders",null]',
      '[["orders"]]',
    ],
    ...[
      '{"0":"orders"}',
      '"Orders"',
      '"order"',
      '"orders "',
      '"orders/"',
      '"orders,bills"',
      '["bills"]',
      '"*"',
      '["*"]',
    ],
  ],
  sub: notText,
  client_id: notText,
  iat: [...notNumber, '0', '1800000061', '1800000000000', '1800000000e3'],
  exp: [...notNumber, '0', '1800000000', '1799999999', '1900000000', '1800000000000', '9007199254740991'],
  auth_time: notNumber,
  jti: notRandom,
  sid: notRandom,
  gen: notCounter,
  scope: [
    ...notText.filter((text) => text !== '""'),
    ...[
      '"admin"',
      '" "',
      '"order:read  order:write"',
      '"order:read "',
      '" order:read"',
      '"order:**"',
      '"!!order:read"',
    ],
    ...[
      '":"',
      '"order:"',
      '":read"',
      '"order:read:own"',
      '"order:read:any:any"',
      '"order:read\\torder:write"',
      '"order:r\u00e9ad"',
    ],
    `"${'x'.repeat(129)}:read"`,
  ],
  client_type: notCounter,
}
const names = Object.keys(wrongValues)
export const wrongNotBefore = [...notNumber, '1800000001', '1800000000000']

type Members = (readonly [name: string, value: string])[]

const membersOf = (): Members => Object.entries(claims).map(([name, value]) => [name, JSON.stringify(value)])
const write = (members: Members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
const right = write(membersOf())
const rightMember = (name: string) => JSON.stringify(claims[name as keyof typeof claims])
/** The right payload with more members, given as JSON. */
const withMember = (text: string, first = false) =>
  first ? `{${text},${right.slice(1)}` : `${right.slice(0, -1)},${text}}`

const escapeLetter = (name: string, at: number) =>
  `${name.slice(0, at)}\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}${name.slice(at + 1)}`

export const notStrict = [
  ...['"x":1,"x":1', '"x":{"a":1,"a":2}', '"x":[{"a":1,"\\u0061":2}]', '"":1,"":2', '"x":{"y":{"z":0,"y":0,"z":0}}'],
  ...[
    '"__proto__":{}',
    '"__proto__":null',
    '"x":{"__proto__":{"scope":"a:b"}}',
    '"\\u005f_proto__":1',
    '"x":[[{"__proto__":1}]]',
  ],
  ...['"x":"\\ud800"', '"x":"\\udc00\\ud800"', '"\\udfff":1', '"x":["a\\ud83d"]', '"x":"\\ud83d\\u0041"'],
  ...['"x":1e400', '"x":-1e999', '"x":[1e309]', '"x":{"y":9e99999}'],
  `"x":${'['.repeat(40)}${']'.repeat(40)}`,
  `"x":${'{"y":'.repeat(33)}1${'}'.repeat(33)}`,
]
export const notJson = [
  ...[
    '',
    ' ',
    '{',
    '}',
    '[]',
    'null',
    'true',
    '0',
    '"x"',
    '{}{}',
    '{} ',
    `${right}x`,
    `${right},`,
    `${right}\0`,
    `\0${right}`,
  ],
  ...[
    `\ufeff${right}`,
    `${right}\ufeff`,
    `\u00a0${right}`,
    `${right}\v`,
    `[${right}]`,
    JSON.stringify(right),
    `(${right})`,
    `${right}//`,
  ],
  ...[
    withMember('"x":NaN'),
    withMember('"x":Infinity'),
    withMember('"x":01'),
    withMember('"x":+1'),
    withMember('"x":.5'),
  ],
  ...[
    withMember('"x":1.'),
    withMember('"x":0x10'),
    withMember("'x':1"),
    withMember('x:1'),
    withMember('"x":1,'),
    withMember('"x"'),
  ],
  ...[
    withMember('"x":"\n"'),
    withMember('"x":"\\x41"'),
    withMember('"x":undefined'),
    withMember('/**/"x":1'),
    withMember(','),
  ],
]
export const badBytes = [
  [0x80],
  [0xc3],
  [0xc0, 0x80],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
  [0xfe, 0xff],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
]

const breakages: Readonly<Record<string, (random: Random) => string | Uint8Array>> = {
  'wrong value': (random) => {
    const wrong = random.pick(names)
    const value = random.pick(wrongValues[wrong] as string[])
    return write(membersOf().map(([name, text]) => [name, name === wrong ? value : text]))
  },
  'missing claim': (random) => {
    const missing = random.pick(names)
    return write(membersOf().filter(([name]) => name !== missing))
  },
  'claim in other letters': (random) => {
    const changed = random.pick(names)
    const spell = random.pick([
      (text: string) => text.toUpperCase(),
      (text: string) => `${text} `,
      (text: string) => `${text}\0`,
    ])
    return write(membersOf().map(([name, text]) => [name === changed ? spell(name) : name, text]))
  },
  'bad nbf': (random) => withMember(`"nbf":${random.pick(wrongNotBefore)}`),
  'repeated claim': (random) => {
    const name = random.pick(names)
    const value = random.chance(0.5) ? rightMember(name) : random.pick(wrongValues[name] as string[])
    const spelt = random.chance(0.5) ? name : escapeLetter(name, random.below(name.length))
    return withMember(`"${spelt}":${value}`, random.chance(0.5))
  },
  'not strict': (random) => withMember(random.pick(notStrict), random.chance(0.5)),
  'not JSON': (random) => random.pick(notJson),
  'bad UTF-8': (random) => {
    const bytes = Buffer.from(withMember('"x":"0123456789"', random.chance(0.5)))
    const at = bytes.indexOf('0123456789') + random.below(10)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(badBytes)), bytes.subarray(at)])
  },
  cut: (random) => right.slice(0, random.below(right.length)),
}
const kinds = Object.keys(breakages)

export function breakClaims(random: Random): readonly [kind: string, payload: string | Uint8Array] {
  const kind = random.pick(kinds)
  return [kind, (breakages[kind] as (random: Random) => string | Uint8Array)(random)]
}

/** The payload that is right, with members in `json` added. */
export function rightClaims(json = ''): string {
  return json === '' ? right : withMember(json)
}
