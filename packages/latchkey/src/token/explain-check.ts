/** What each check found, and what it expected, in words. */
import type { CheckName, Examination, Trust } from './checks.js'
import type { AccessTokenClaims } from './claims.js'
import { readJsonSegment } from './header.js'
import type { Refusal } from './refusal.js'

interface Description {
  readonly found?: string | undefined
  readonly expected: string
}

type Describe = (examination: Examination, trust: Trust, refusal: Refusal | undefined) => Description

/** A text of the token's own is shown in quotes, cut, and without what a terminal would obey. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  const shown = text.replace(/[^\x20-\x7e]/g, '?')
  return shown.length > 200 ? `"${shown.slice(0, 200)}..."` : `"${shown}"`
}

/** "2 hours": whole, in the greatest unit that there are two of, but for the second that a moment in whole seconds loses. */
export function describeSeconds(seconds: number): string {
  const whole = Math.abs(Math.round(seconds))
  const units = [
    [86_400, 'days'],
    [3600, 'hours'],
    [60, 'minutes'],
  ] as const
  for (const [size, name] of units) if (whole + 1 >= 2 * size) return `${Math.round(whole / size)} ${name}`
  return count(whole, 'second')
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`
}

function describeMoment(moment: number, nowMs: number): string {
  const seconds = moment - nowMs / 1000
  const when = seconds >= 0 ? `in ${describeSeconds(seconds)}` : `${describeSeconds(seconds)} ago`
  return Math.abs(moment) < 8.64e12 ? `${new Date(moment * 1000).toISOString().replace('.000', '')}, ${when}` : when
}

const claimsOf = ({ claims }: Examination) => claims as AccessTokenClaims
const headerOf = ({ header, parts }: Examination) => header ?? (parts && readJsonSegment(parts.header))

export const describeCheck: Readonly<Record<CheckName, Describe>> = Object.freeze<Record<CheckName, Describe>>({
  form: ({ token }) => ({
    found: `${count(token.split('.').length, 'part')}, ${count(token.length, 'character')}`,
    expected: '3 parts in canonical base64url, at most 8192 characters together',
  }),
  header: (examination) => {
    const header = headerOf(examination)
    return {
      found: header === undefined ? 'no JSON object, strictly written' : quote(header),
      expected: 'exactly alg, kid and typ "at+jwt"',
    }
  },
  key: (examination, { keys }) => {
    const { alg, kid } = headerOf(examination) ?? {}
    return {
      found: `key ${quote(kid)} with ${quote(alg)}`,
      expected: `one of ${keys.map((key) => `${key.kid} (${key.alg})`).join(', ')}`,
    }
  },
  signature: ({ key }, _, refusal) => ({
    found: refusal ? 'one that is not of that key' : `of key ${key?.kid}`,
    expected: `that of key ${key?.kid} over this header and payload`,
  }),
  payload: (_, __, refusal) => ({
    found: refusal ? 'none' : 'a JSON object',
    expected: 'a JSON object, strictly written',
  }),
  claims: ({ payload }, _, refusal) => {
    const name = refusal?.claim
    return {
      found: name === undefined ? 'all of them' : `${name} ${quote(payload?.[name])}`,
      expected: refusal?.reason ?? 'every claim, each of its type',
    }
  },
  issuer: (examination, { rules }) => ({ found: quote(claimsOf(examination).iss), expected: quote(rules.issuer) }),
  audience: (examination, { rules }) => {
    const { aud } = claimsOf(examination)
    return { found: [aud].flat().map(quote).join(', '), expected: quote(rules.audience) }
  },
  lifetime: (examination) => {
    const { iat, exp } = claimsOf(examination)
    return { found: describeSeconds(exp - iat), expected: 'at most 30 days' }
  },
  scope: (examination) => ({
    found: quote(claimsOf(examination).scope),
    expected: 'scopes such as order:read with one space between',
  }),
  'issued at': (examination) => ({
    found: describeMoment(claimsOf(examination).iat, examination.nowMs),
    expected: 'not in the future, but for a minute',
  }),
  'not before': (examination) => {
    const { nbf } = claimsOf(examination)
    return { found: nbf === undefined ? undefined : describeMoment(nbf, examination.nowMs), expected: 'not to come' }
  },
  expiry: (examination, { rules }) => ({
    found: describeMoment(claimsOf(examination).exp, examination.nowMs),
    expected: rules.leewaySeconds === 0 ? 'to come' : `at most ${rules.leewaySeconds} seconds ago`,
  }),
  revocation: (examination, { revocations }, refusal) => {
    const { sid, gen } = claimsOf(examination)
    const found = refusal ? 'revoked' : revocations === undefined ? 'not known here' : 'not revoked'
    return { found: `session ${quote(sid)}, generation ${gen}: ${found}`, expected: 'not revoked' }
  },
})
