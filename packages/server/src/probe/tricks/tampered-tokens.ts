/** The good token with something changed, and its signature kept; or the signature changed. */
import { randomBytes } from 'node:crypto'
import { cutToken, encodeJson, joinParts, plain, type ShownJwt, type TokenPart } from '../shown-token.js'
import { bearer, type Group, type Trick } from '../trick.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The answer to it is what this API says to texts that are no token at all. */
export const noToken = 'a text that is no token'

export function tamperedTokens(token: string, jwt: ShownJwt | undefined): Group {
  const tricks = jwt === undefined ? ofText(token) : ofJwt(token, jwt)
  return { name: 'tampered', tricks: [bearer(noToken, 'latchkey-probe', 'latchkey-probe'), ...tricks] }
}

function ofText(token: string): Trick[] {
  const first = token.startsWith('x') ? 'y' : 'x'
  return [
    bearer('last character cut', token.slice(0, -1), cutToken('%?')),
    bearer('first character changed', `${first}${token.slice(1)}`, `${first}${cutToken('#?')}`),
    bearer('one more character', `${token}x`, `${cutToken('')}x`),
  ]
}

function ofJwt(token: string, jwt: ShownJwt): Trick[] {
  const { header, payload, signature, headerMembers, claims } = jwt
  const now = Math.floor(Date.now() / 1000)
  const changes: readonly (readonly [name: string, change: Readonly<Record<string, unknown>>])[] = [
    ['another sub', { sub: claims.sub === 'latchkey-probe' ? 'latchkey-probe-2' : 'latchkey-probe' }],
    ['a later exp', { exp: now + 86_400 }],
    ['another aud', { aud: 'https://latchkey-probe.invalid' }],
  ]
  const otherHeader = encodeJson({ ...headerMembers, 'latchkey-probe': true })
  const random = plain(randomBytes(Buffer.from(signature.text, 'base64url').length).toString('base64url'))
  return [
    trick('signature cut away', joinParts(header, payload, plain(''))),
    bearer('signature and its dot cut away', `${header.text}.${payload.text}`, cutToken('%.*')),
    bearer('end of the signature cut', token.slice(0, -4), cutToken('%????')),
    trick('one bit of the signature changed', joinParts(header, payload, flipFirstBit(signature))),
    trick('signature of random bytes', joinParts(header, payload, random)),
    trick('one more member in the header, signature kept', joinParts(otherHeader, payload, signature)),
    ...changes.map(([name, change]) =>
      trick(`payload with ${name}, signature kept`, joinParts(header, changeClaims(jwt, change), signature)),
    ),
  ]
}

/** The first character stands for six whole bits; some of the last stand for nothing. */
function flipFirstBit({ text, shell }: TokenPart): TokenPart {
  const first = alphabet[alphabet.indexOf(text.charAt(0)) ^ 1] as string
  return { text: first + text.slice(1), shell: `${first}$(echo "${shell}" | cut -c2-)` }
}

/** The payload with other claims. The shell makes it of the token, so that no claim of somebody's is printed. */
export function changeClaims({ claims }: ShownJwt, change: Readonly<Record<string, unknown>>): TokenPart {
  const { text } = encodeJson({ ...claims, ...change })
  const read = 'JSON.parse(Buffer.from(process.argv[1].split(".")[1],"base64url"))'
  const script = `Buffer.from(JSON.stringify({...${read},...${JSON.stringify(change)}})).toString("base64url")`
  return { text, shell: `$(node -p '${script}' "$TOKEN")` }
}

function trick(name: string, { text, shell }: TokenPart): Trick {
  return bearer(name, text, shell)
}
