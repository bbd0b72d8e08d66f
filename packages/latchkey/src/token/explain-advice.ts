/** What to do about a token that is refused, in a sentence. */
import type { CheckName, Examination, Trust } from './checks.js'
import { describeSeconds, quote } from './explain-check.js'

type Advise = (examination: Examination, trust: Trust) => string

export const goodToken = 'The token is good: send it as "Authorization: Bearer TOKEN"'
const logIn = 'log in again'

export function describeAdvice(refusedBy: CheckName | undefined, examination: Examination, trust: Trust): string {
  return refusedBy === undefined ? goodToken : advice[refusedBy](examination, trust)
}

const advice: Readonly<Record<CheckName, Advise>> = Object.freeze<Record<CheckName, Advise>>({
  form: ({ token }) => describeOther(token),
  header: ({ header }) => {
    if (typeof header?.typ === 'string' && header.typ !== 'at+jwt') {
      return `This is a token of the kind ${quote(header.typ)}, not an access token of Latchkey: ${logIn}, and send "token"`
    }
    return `No Latchkey server writes such a header: ${logIn} there`
  },
  key: ({ header }, { revocations }) => {
    const kid = header?.kid
    if (revocations?.refusesKey(kid as string))
      return `Signed by key ${quote(kid)}, which was withdrawn: refresh it, or ${logIn}`
    return `Signed by key ${quote(kid)}, which is not trusted here: it was retired, or belongs to another server; ${logIn}`
  },
  signature: () => `Somebody changed the token, or it was cut: ${logIn}`,
  payload: () => `No Latchkey server writes such a payload: ${logIn} there`,
  claims: () => `No Latchkey server issues such a token: ${logIn} there`,
  issuer: ({ claims }, { rules }) =>
    `Issued by ${quote(claims?.iss)}, this service trusts ${quote(rules.issuer)}: ${logIn} there, or configure the issuer`,
  audience: ({ claims }, { rules }) =>
    `Issued for audience ${[claims?.aud].flat().map(quote).join(', ')}, this service is ${quote(rules.audience)}: ask for that audience when you log in, or add it to the audiences of the server`,
  lifetime: () => `No Latchkey server issues a token for so long: ${logIn} there`,
  scope: () => `No Latchkey server writes such scopes: ${logIn} there`,
  'issued at': ({ claims, nowMs }) =>
    `This clock is ${describeSeconds((claims?.iat ?? 0) - nowMs / 1000)} behind that of the server: set it right`,
  'not before': () => 'The token is for later: wait, or set this clock right',
  expiry: ({ claims, nowMs }) =>
    `Expired ${describeSeconds(nowMs / 1000 - (claims?.exp ?? 0))} ago: refresh it, or ${logIn}`,
  revocation: () => `Revoked, by a logout or since role or password changed: refresh it, or ${logIn}`,
})

/** Our other credentials, sent where an access token belongs; undefined for every other text. */
export function describeCredential(text: string): string | undefined {
  if (text.startsWith('lkr_')) return 'This is a refresh token: exchange it at POST /v1/token/refresh'
  if (text.startsWith('lkk_')) return 'This is an API key: exchange it at POST /v1/token'
  return undefined
}

/** What people send instead of an access token. */
function describeOther(token: string): string {
  if (token === '') return 'There is no token'
  const credential = describeCredential(token)
  if (credential !== undefined) return credential
  if (/^(?:bearer|basic)\s/i.test(token)) return 'Give the token alone, without the word before it'
  if (/\s/.test(token)) return 'There is white space in the token: give it as it was answered'
  if (token.split('.').length === 5) return 'This is an encrypted token (JWE), which Latchkey neither issues nor reads'
  if (/=/.test(token)) return 'There is padding in the token: give it as it was answered'
  return `This is no access token, or not the whole of it: ${logIn}, and send "token"`
}
