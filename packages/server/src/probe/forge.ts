/** Tokens that say what the good one says, signed by somebody else. */
import { createHmac, type KeyObject, sign } from 'node:crypto'
import { encodeJson, joinParts, plain, type ShownJwt, type TokenPart } from './shown-token.js'
import { bearer, type Trick } from './trick.js'

export type HmacName = 'HS256' | 'HS384' | 'HS512'
export const hmacHashes: Readonly<Record<HmacName, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }

export interface ForgeChange {
  /** Over those of the good token. */
  readonly header?: Readonly<Record<string, unknown>>
  readonly payload?: TokenPart
}

export function signHmac(
  name: string,
  jwt: ShownJwt,
  alg: HmacName,
  secret: string | Buffer,
  change: ForgeChange = {},
): Trick {
  const hash = hmacHashes[alg]
  return forge(name, jwt, { ...change, header: { alg, ...change.header } }, (input) =>
    createHmac(hash, secret).update(input).digest(),
  )
}

/** `alg` as the key demands: RS256, ES256 or EdDSA. */
export function signWithKey(name: string, jwt: ShownJwt, alg: string, key: KeyObject, change: ForgeChange): Trick {
  const hash = alg === 'EdDSA' ? null : 'sha256'
  return forge(name, jwt, { ...change, header: { alg, ...change.header } }, (input) =>
    sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }),
  )
}

function forge(name: string, jwt: ShownJwt, change: ForgeChange, signature: (input: string) => Buffer): Trick {
  const header = encodeJson({ ...jwt.headerMembers, ...change.header })
  const { payload = jwt.payload } = change
  const signed = signature(`${header.text}.${payload.text}`)
  const { text, shell } = joinParts(header, payload, plain(signed.toString('base64url')))
  return bearer(name, text, shell)
}
