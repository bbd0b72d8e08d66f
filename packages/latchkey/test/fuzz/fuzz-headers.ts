/** Throws Authorization headers, well and badly made, at the decision of a guard. */
import { createAuth } from 'latchkey'
import { type Credentials, readAuthorization } from 'latchkey/http'
import { createSigner } from 'latchkey/token'
import { clock, issuer, keys, sid } from '../fixtures.js'
import { createRandom, type Random } from './random.js'

export interface HeaderReport {
  readonly ran: number
  readonly accepted: number
  readonly statuses: Readonly<Record<string, number>>
  readonly failures: readonly string[]
}

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Infinity }
const schemes = [
  ...[
    'Bearer',
    'bearer',
    'BEARER',
    'bEaReR',
    'Basic',
    'basic',
    'BASIC',
    'bAsIc',
    'Digest',
    'Bearers',
    'Beare',
    'Bear\u00e9r',
    'Negotiate',
  ],
  ...[
    '',
    ' ',
    'Token',
    'Bearer,',
    'Basic,Bearer',
    'Bearer Bearer',
    'Basic Bearer',
    'bea\u017fic',
    'ba\u017fic',
    '\0Bearer',
    '\ufeffBearer',
  ],
]
const gaps = [
  '',
  ' ',
  ' ',
  ' ',
  ' ',
  '  ',
  '   ',
  '\t',
  ' \t',
  '\n',
  '\u00a0',
  '\u3000',
  ',',
  '=',
  ':',
  '%20',
  '\0',
  ' '.repeat(500),
]
const ends = [
  '',
  '',
  '',
  '',
  ' ',
  ',',
  ', ',
  ':',
  '=',
  '\0',
  '\r\n',
  ',Basic eDp5',
  ', Bearer x',
  ';q=1',
  '%',
  '%ff',
  '\u0141',
  ' extra',
  '"',
]
const urls = [
  '/',
  '/orders?x=1',
  '/?access_token=a',
  '/?x&access_token',
  '/?access%5ftoken=a',
  '*',
  '',
  '?',
  '//',
  '/%',
  '/?%',
  '/#?access_token=1',
  '/\ud800',
]
const origins = [
  undefined,
  undefined,
  'null',
  'http://a.example',
  'https://api.example',
  '',
  'x',
  'http://undefined',
  '\0',
]
const sites = [
  undefined,
  undefined,
  'same-origin',
  'none',
  'cross-site',
  'same-site',
  '',
  'same-origin, cross-site',
  'SAME-ORIGIN',
]
const modes = [undefined, 'navigate', 'cors', '']

export function fuzzHeaders({ count, seed }: { readonly count: number; readonly seed: number }): HeaderReport {
  const random = createRandom(seed)
  const auth = createAuth({ keys: keys.HS256, issuer, clock })
  const { issue } = createSigner({ key: keys.HS256, issuer, audience: issuer, ttlSeconds: 7200, clock })
  const token = issue({ uid: '1', clientType: 100, scopes: ['order:*'], sid, gen: 0 })
  const statuses: Record<string, number> = {}
  const failures: string[] = []
  let accepted = 0
  for (let i = 0; i < count && failures.length < 20; i++) {
    const authorization = Array.from({ length: random.pick([1, 1, 1, 1, 1, 1, 0, 2, 3]) }, () =>
      makeLine(random, token),
    )
    const [url, origin, fetchSite] = [random.pick(urls), random.pick(origins), random.pick(sites)]
    const request = {
      method: random.pick(['GET', 'POST', 'OPTIONS', 'TRACE', '']),
      url,
      authorization,
      host: 'api.example',
    }
    const fail = (what: string) =>
      failures.push(`${what}: seed ${seed}, number ${i}: ${JSON.stringify(authorization).slice(0, 1500)}`)
    try {
      checkCredentials(readAuthorization(authorization), fail)
      const rest = { origin, fetchSite, fetchMode: random.pick(modes), preflight: false }
      const decision = auth.decide({ ...request, ...rest }, need)
      statuses[decision.status ?? 'user'] = (statuses[decision.status ?? 'user'] ?? 0) + 1
      if (decision.status === undefined) {
        accepted += 1
        if (decision.user?.uid !== '1' || !carries(authorization, token)) fail('accepted')
        if (authorization.length > 1 || url.includes('access_token=a')) fail('two credentials were accepted')
      } else checkAnswer(decision, fail)
    } catch (error) {
      fail(`threw ${error}`)
    }
  }
  return { ran: count, accepted, statuses, failures }
}

function makeLine(random: Random, token: string): string {
  const scheme = random.pick(schemes)
  let text = random.chance(0.5)
    ? token
    : random.pick(['', ' ', 'x', 'a.b.c', '..', token.slice(0, -1), `${token}x`, `lkr_${token}`, 'lkk_x'])
  const isBasic = scheme.toLowerCase().includes('basic') ? !random.chance(0.1) : random.chance(0.1)
  if (isBasic) {
    const pair =
      text + random.pick([':', ':', ':', ':password', '', '::', '\0:', ':\u0007', '\ufeff:', `:${'p'.repeat(2000)}`])
    text = Buffer.from(random.chance(0.05) ? `:${pair}` : pair, random.chance(0.1) ? 'utf16le' : 'utf8').toString(
      'base64',
    )
    if (random.chance(0.2))
      text = random.pick([
        text.replace(/=+$/, ''),
        `${text}=`,
        text.replaceAll('+', '-'),
        `${text}\u0000`,
        text.slice(1),
        'Og==',
        'OnB3',
        '=',
      ])
  }
  if (random.chance(0.15)) text = damage(random, text)
  if (random.chance(0.005)) text = text.repeat(2 + Math.floor(65_536 / (text.length + 1)))
  return scheme + random.pick(gaps) + text + (random.chance(0.7) ? '' : random.pick(ends))
}

function damage(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  return (
    text.slice(0, at) +
    random.pick(['\0', ' ', ',', '%zz', '\u0100', '\ud800', '=', '.', 'A', '']) +
    text.slice(at + random.below(3))
  )
}

/** A plain second reading of the header, for what was accepted only. */
function carries([line = '']: readonly string[], token: string): boolean {
  const [scheme, ...rest] = line.split(' ').filter((part) => part !== '')
  if (rest.length !== 1 || line.endsWith(' ')) return false
  if (scheme?.toLowerCase() === 'bearer') return rest[0] === token
  return (
    scheme?.toLowerCase() === 'basic' &&
    Buffer.from(rest[0] as string, 'base64')
      .toString()
      .startsWith(`${token}:`)
  )
}

function checkCredentials(credentials: Credentials, fail: (what: string) => void): void {
  if (credentials.kind === 'token' && credentials.token === '') fail('an empty token')
  if (!['none', 'foreign', 'several', 'malformed', 'token'].includes(credentials.kind)) fail(`kind ${credentials.kind}`)
}

function checkAnswer(
  answer: { status: number; headers: Record<string, string>; body: string },
  fail: (what: string) => void,
): void {
  const challenge = answer.headers['www-authenticate'] ?? ''
  if (![400, 401, 403].includes(answer.status)) fail(`status ${answer.status}`)
  if (answer.status === 401 && !challenge.startsWith('Bearer realm="latchkey"')) fail(`challenge ${challenge}`)
  if (Object.values(answer.headers).some((value) => /[^\x20-\x7e]/.test(value))) fail('a header that is not printable')
  const body = JSON.parse(answer.body)
  if (body.status !== answer.status || typeof body.error_code !== 'number') fail(`body ${answer.body}`)
}
