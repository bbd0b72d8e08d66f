/** The claims of tokens that `createSigner` wrote, which are nearly all: read strictly by one pattern, in half the time of JSON. */
import { type AccessTokenClaims, isCounter } from './claims.js'

/** ASCII without quotes, escapes and control characters. */
const character = '[ !#-\\[\\]-~]'
const text = `"(${character}+)"`
const texts = `\\["(${character}+(?:","${character}+)*)"\\]`
const number = '(0|[1-9][0-9]{0,14})'
const random128 = '"([A-Za-z0-9_-]{21}[AQgw])"'
const members = [
  `"iss":${text},"aud":(?:${text}|${texts}),"sub":${text},"client_id":${text}`,
  `"iat":${number},"exp":${number},"auth_time":${number}`,
  `"jti":${random128},"sid":${random128},"gen":${number}`,
  `"scope":"(${character}*)","client_type":${number}`,
]
const ownClaims = new RegExp(`^\\{${members.join(',')}\\}$`)

/**
 * The claims of `json` when it is written as `createSigner` writes them: exactly these, in this order, each of its type, in ASCII
 * without escapes. Undefined for any other text, which may be right all the same.
 */
export function readOwnClaims(json: string): AccessTokenClaims | undefined {
  const match = ownClaims.exec(json) as readonly (string | undefined)[] | null
  if (match === null) return undefined
  const claims = {
    iss: match[1] as string,
    aud: match[2] ?? readTexts(match[3] as string),
    sub: match[4] as string,
    client_id: match[5] as string,
    iat: readDigits(match[6] as string),
    exp: readDigits(match[7] as string),
    auth_time: readDigits(match[8] as string),
    jti: match[9] as string,
    sid: match[10] as string,
    gen: readDigits(match[11] as string),
    scope: match[12] as string,
    client_type: readDigits(match[13] as string),
  }
  return isCounter(claims.gen) && isCounter(claims.client_type) ? Object.freeze(claims) : undefined
}

function readTexts(joined: string): readonly string[] {
  return Object.freeze(joined.includes('"') ? joined.split('","') : [joined])
}

/** Quicker than Number, of at most fifteen digits. */
function readDigits(digits: string): number {
  let value = 0
  for (let i = 0; i < digits.length; i++) value = value * 10 + digits.charCodeAt(i) - 0x30
  return value
}
