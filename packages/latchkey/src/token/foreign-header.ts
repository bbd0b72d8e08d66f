/** The header of an access token of another issuer (RFC 7515 section 4, RFC 8725 sections 3.1 and 3.11). */
import { type ForeignAlgorithm, isForeignAlgorithm } from './foreign-key.js'
import { readJsonSegment } from './header.js'

export interface ForeignHeader {
  readonly alg: ForeignAlgorithm
  readonly kid: string | undefined
}

/** What access tokens are called, in any case; ID tokens are often called JWT, too, and other kinds have names of their own. */
const accessTokenTypes = ['jwt', 'at+jwt', 'application/at+jwt']

/**
 * Reads `alg` and `kid`; undefined for any other kind of token, and for a header with `crit` or `b64`. Further members are not
 * looked at: above all no key, and no address of one, is taken from `jwk`, `jku`, `x5c` or `x5u`.
 */
export function readForeignHeader(segment: string): ForeignHeader | undefined {
  const header = readJsonSegment(segment)
  if (!header || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return undefined
  const { alg, kid, typ } = header
  if (!isForeignAlgorithm(alg)) return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return undefined
  if (typ !== undefined && !(typeof typ === 'string' && accessTokenTypes.includes(typ.toLowerCase()))) return undefined
  return { alg, kid }
}
