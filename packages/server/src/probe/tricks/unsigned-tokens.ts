/** Tokens that say they are not signed (RFC 7519 section 6), in the spellings that slip through a comparison. */
import { randomBytes } from 'node:crypto'
import { encodeJson, joinParts, plain, type ShownJwt } from '../shown-token.js'
import { bearer, type Group } from '../trick.js'

const spellings = ['none', 'None', 'NONE', 'nOnE']

export function unsignedTokens(jwt: ShownJwt | undefined): Group {
  if (jwt === undefined) return { name: 'unsigned', skipped: 'the good token is no signed JWT' }
  const { payload, signature, headerMembers } = jwt
  const signatures = {
    'no signature': plain(''),
    'the signature kept': signature,
    'a random signature': plain(randomBytes(32).toString('base64url')),
  }
  const tricks = spellings.flatMap((alg) =>
    Object.entries(signatures).map(([how, part]) => {
      const { text, shell } = joinParts(encodeJson({ ...headerMembers, alg }), payload, part)
      return bearer(`alg "${alg}", ${how}`, text, shell)
    }),
  )
  return { name: 'unsigned', tricks }
}
