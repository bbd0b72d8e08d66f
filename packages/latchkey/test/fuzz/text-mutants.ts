/** Changes to the text of a token, made without its key. */
import { encode, hmacSigner } from '../fixtures.js'
import type { Random } from './random.js'
import type { Mutant, Target } from './targets.js'

type Change = (random: Random, token: string, target: Target) => string

const strange = [
  ...' \t\n\r\v\f\0=.+/~,;:"\'\\%?#&<>',
  ...['\u0080', '\u00a0', '\u0141', '\u2028', '\u200b', '\ufeff', '\uff0e', '\uff21', '\ud800', '😀', '\u0000\u0000'],
]
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
export const noneSpellings = [
  'none',
  'None',
  'NONE',
  'nOnE',
  'none ',
  ' none',
  'n\u00f6ne',
  'nonе',
  '',
  'null',
  'NoNe\u0000',
]

const replaceAt = (text: string, at: number, by: string, length = 1) => text.slice(0, at) + by + text.slice(at + length)
const parts = (token: string) => token.split('.') as [string, string, string]

const changes: Readonly<Record<string, Change>> = {
  'one bit': (random, token) => {
    const at = random.below(token.length)
    return replaceAt(token, at, String.fromCharCode(token.charCodeAt(at) ^ (1 << random.below(8))))
  },
  'one high bit': (random, token) => {
    const at = random.below(token.length)
    return replaceAt(token, at, String.fromCharCode(token.charCodeAt(at) | (1 << (8 + random.below(8)))))
  },
  'one letter': (random, token) => replaceAt(token, random.below(token.length), random.pick([...alphabet])),
  'several letters': (random, token) => {
    let text = token
    for (let i = random.below(6); i >= 0; i--)
      text = replaceAt(text, random.below(text.length), random.pick([...alphabet]))
    return text
  },
  'a strange character': (random, token) => replaceAt(token, random.below(token.length), random.pick(strange)),
  'an inserted character': (random, token) =>
    replaceAt(
      token,
      random.below(token.length + 1),
      random.chance(0.5) ? random.pick([...alphabet]) : random.pick(strange),
      0,
    ),
  'a character at an end': (random, token) => {
    const text = random.pick(strange).repeat(1 + random.below(3))
    return random.chance(0.5) ? token + text : text + token
  },
  'characters at a dot': (random, token) => {
    const text = random.pick([...strange, '=', '==', 'A', 'AA', 'AAAA', '.'])
    return token.replaceAll('.', random.pick([`.${text}`, `${text}.`, text, `.${text}.`]))
  },
  padding: (random, token) => {
    const which = random.below(3)
    return parts(token)
      .map((part, i) => (i === which ? part + '='.repeat(1 + random.below(3)) : part))
      .join('.')
  },
  'unused bits': (random, token) => {
    const segments = parts(token)
    const which = random.below(3)
    const segment = segments[which] as string
    const last = alphabet.indexOf(segment.at(-1) as string)
    segments[which] = segment.slice(0, -1) + alphabet[last ^ (1 + random.below(3))]
    return segments.join('.')
  },
  'the ordinary alphabet': (_, token) => token.replaceAll('-', '+').replaceAll('_', '/'),
  'percent encoding': (random, token) => {
    const at = random.below(token.length)
    return replaceAt(token, at, `%${token.charCodeAt(at).toString(16)}`)
  },
  'a cut': (random, token) => token.slice(0, random.below(token.length)),
  'a cut at the front': (random, token) => token.slice(1 + random.below(token.length)),
  'a repeated stretch': (random, token) => {
    const at = random.below(token.length)
    return replaceAt(token, at, token.slice(at, at + 1 + random.below(80)), 0)
  },
  'swapped letters': (random, token) => {
    const [a, b] = [random.below(token.length), random.below(token.length)]
    const [one, other] = [token[a] as string, token[b] as string]
    return replaceAt(replaceAt(token, a, other), b, one)
  },
  'segments in another order': (random, token) => {
    const segments = parts(token)
    return Array.from({ length: random.below(5) }, () => random.pick(segments)).join('.')
  },
  'segments of another token': (random, token, target) => {
    const other = parts(random.pick(target.tokens))
    return parts(token)
      .map((part, i) => (random.chance(0.5) ? part : other[i]))
      .join('.')
  },
  'segments of another key': (random, token, target) => {
    const other = parts(random.pick(random.pick(target.siblings).tokens))
    return parts(token)
      .map((part, i) => (random.chance(0.5) ? part : other[i]))
      .join('.')
  },
  'a random signature': (random, token) => {
    const [header, payload, signature] = parts(token)
    const bytes = random.chance(0.3)
      ? Buffer.alloc(random.below(70), random.pick([0, 255]))
      : random.bytes((signature.length * 3) >> 2)
    return `${header}.${payload}.${bytes.toString('base64url')}`
  },
  'no algorithm': (random, token) => {
    const [, payload, signature] = parts(token)
    const kid = random.chance(0.5) ? { kid: JSON.parse(Buffer.from(parts(token)[0], 'base64url').toString()).kid } : {}
    const header = encode(JSON.stringify({ alg: random.pick(noneSpellings), ...kid, typ: 'at+jwt' }))
    return `${header}.${payload}.${random.pick(['', signature, 'AAAA', encode(random.bytes(32))])}`
  },
  'a published text as secret': (random, token, target) => {
    const alg = random.pick(['HS256', 'HS384', 'HS512'])
    const input = `${encode(JSON.stringify({ ...target.header, alg }))}.${parts(token)[1]}`
    return `${input}.${hmacSigner(alg, random.pick(target.published))(input)}`
  },
  'a short secret': (random, token, target) => {
    const alg = random.pick(['HS256', 'HS384', 'HS512'])
    const input = `${encode(JSON.stringify({ ...target.header, alg, kid: random.pick([target.header.kid, 'unknown', '']) }))}.${parts(token)[1]}`
    return `${input}.${hmacSigner(alg, random.bytes(random.below(2)))(input)}`
  },
  'another form': (random, token) => {
    const [protectedHeader, payload, signature] = parts(token)
    const flat = { protected: protectedHeader, payload, signature }
    return random.pick([
      JSON.stringify(flat),
      JSON.stringify({ payload, signatures: [flat] }),
      JSON.stringify(token),
      encode(token),
      `${protectedHeader}..${signature}`,
      `Bearer ${token}`,
      `${token}.${token}`,
      `${token}..`,
      token.toUpperCase(),
      token.toLowerCase(),
    ])
  },
  'too long': (random, token) => token + random.pick(['A', '.', ' ', token]).repeat(random.pick([2000, 8192, 20_000])),
}

const kinds = Object.keys(changes).filter((kind) => kind !== 'too long')

/** A text that is either one of the target's own tokens or must be refused. */
export function mutateText(random: Random, target: Target): Mutant {
  const kind = random.chance(0.01) ? 'too long' : random.pick(kinds)
  let token = (changes[kind] as Change)(random, random.pick(target.tokens), target)
  // Some are changed once more.
  if (token.length > 2 && random.chance(0.1)) token = (changes['one bit'] as Change)(random, token, target)
  return { kind: `text: ${kind}`, token, expected: 'refused' }
}
