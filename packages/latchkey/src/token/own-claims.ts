/** The claims of tokens that `createSigner` wrote, which are nearly all: read strictly by one pattern, in a third of the time of JSON. */
import { type AccessTokenClaims, isCounter } from './claims.js'
import { remember } from './remember.js'

/** ASCII without quotes, escapes and control characters. */
const character = '[ !#-\\[\\]-~]'
const text = `"${character}+"`
const number = '(?:0|[1-9][0-9]{0,14})'
const random128 = '"[A-Za-z0-9_-]{21}[AQgw]"'
const members = [
  `"iss":${text},"aud":(?:${text}|\\[${text}(?:,${text})*\\]),"sub":${text},"client_id":${text}`,
  `"iat":${number},"exp":${number},"auth_time":${number}`,
  `"jti":${random128},"sid":${random128},"gen":${number}`,
  `"scope":"${character}*","client_type":${number}`,
]
// It captures nothing: texts that it takes are read by their places, in half the time.
const ownClaims = new RegExp(`^\\{${members.join(',')}\\}$`)

/**
 * The claims of `json` when it is written as `createSigner` writes them: exactly these, in this order, each of its type, in ASCII
 * without escapes. Undefined for any other text, which may be right all the same.
 */
export function readOwnClaims(json: string): AccessTokenClaims | undefined {
  if (!ownClaims.test(json)) return undefined
  let at = '{"iss":"'.length
  let end = json.indexOf('"', at)
  const iss = json.slice(at, end)
  at = end + '","aud":'.length
  end = json.indexOf(',"sub":"', at)
  const aud = readAudience(json.slice(at, end))
  at = end + ',"sub":"'.length
  end = json.indexOf('"', at)
  const sub = json.slice(at, end)
  at = end + '","client_id":"'.length
  end = json.indexOf('"', at)
  const clientId = json.slice(at, end)
  at = end + '","iat":'.length
  end = json.indexOf(',', at)
  const iat = readDigits(json, at, end)
  at = end + ',"exp":'.length
  end = json.indexOf(',', at)
  const exp = readDigits(json, at, end)
  at = end + ',"auth_time":'.length
  end = json.indexOf(',', at)
  const authTime = readDigits(json, at, end)
  at = end + ',"jti":"'.length
  end = at + random128Length
  const jti = json.slice(at, end)
  at = end + '","sid":"'.length
  end = at + random128Length
  const sid = json.slice(at, end)
  at = end + '","gen":'.length
  end = json.indexOf(',', at)
  const gen = readDigits(json, at, end)
  at = end + ',"scope":"'.length
  end = json.indexOf('"', at)
  const scope = json.slice(at, end)
  at = end + '","client_type":'.length
  const clientType = readDigits(json, at, json.length - 1)
  if (!isCounter(gen) || !isCounter(clientType)) return undefined
  return Object.freeze({
    iss,
    aud,
    sub,
    client_id: clientId,
    iat,
    exp,
    auth_time: authTime,
    jti,
    sid,
    gen,
    scope,
    client_type: clientType,
  })
}

const random128Length = 22

/** A text with its quotes, or a list with its brackets. */
function readAudience(json: string): string | readonly string[] {
  return json.startsWith('[') ? (readTexts(json) as readonly string[]) : json.slice(1, -1)
}

const readTexts = remember((list: string) => Object.freeze(list.slice(2, -2).split('","')))

/** Quicker than Number, of at most fifteen digits. */
function readDigits(json: string, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 10 + json.charCodeAt(i) - 0x30
  return value
}
