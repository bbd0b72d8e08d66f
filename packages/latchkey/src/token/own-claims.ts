/** The claims of tokens that `createSigner` wrote, which are nearly all: read strictly by one pattern, in a quarter of the time of strict JSON. */
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
// It captures nothing: texts that it takes are read by their places.
const ownClaims = new RegExp(`^\\{${members.join(',')}\\}$`)

/**
 * The claims of `json` when it is written as `createSigner` writes them: exactly these, in this order, each of its type, in ASCII
 * without escapes. Undefined for any other text, which may be right all the same.
 */
export function readOwnClaims(json: string): AccessTokenClaims | undefined {
  if (!ownClaims.test(json)) return undefined
  const places = new Places(json)
  const claims = {
    iss: places.text('{"iss":"', '"'),
    aud: readAudience(places.text('","aud":', ',"sub":"')),
    sub: places.text(',"sub":"', '"'),
    client_id: places.text('","client_id":"', '"'),
    iat: places.number('","iat":', ','),
    exp: places.number(',"exp":', ','),
    auth_time: places.number(',"auth_time":', ','),
    jti: places.text(',"jti":"', '"'),
    sid: places.text('","sid":"', '"'),
    gen: places.number('","gen":', ','),
    scope: places.text(',"scope":"', '"'),
    client_type: places.number('","client_type":', '}'),
  }
  return isCounter(claims.gen) && isCounter(claims.client_type) ? Object.freeze(claims) : undefined
}

/** Reads what the pattern took, one place after the other: from behind what stands `before` it up to `until`. */
class Places {
  readonly #json: string
  #start = 0
  #end = 0

  constructor(json: string) {
    this.#json = json
  }

  text(before: string, until: string): string {
    this.#find(before, until)
    return this.#json.slice(this.#start, this.#end)
  }

  /** Of at most fifteen digits; quicker than Number. */
  number(before: string, until: string): number {
    this.#find(before, until)
    let value = 0
    for (let i = this.#start; i < this.#end; i++) value = value * 10 + this.#json.charCodeAt(i) - 0x30
    return value
  }

  #find(before: string, until: string): void {
    this.#start = this.#end + before.length
    this.#end = this.#json.indexOf(until, this.#start)
  }
}

/** A text with its quotes, or a list with its brackets. */
function readAudience(json: string): string | readonly string[] {
  return json.startsWith('[') ? (readTexts(json) as readonly string[]) : json.slice(1, -1)
}

const readTexts = remember((list: string) => Object.freeze(list.slice(2, -2).split('","')))
