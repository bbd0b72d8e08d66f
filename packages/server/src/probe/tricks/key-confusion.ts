/** The public key of the issuer taken for a shared secret: HS256 over each text in which it is written down. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { signHmac } from '../forge.js'
import type { KeySearch } from '../issuer-keys.js'
import type { ShownJwt } from '../shown-token.js'
import type { Group, Trick } from '../trick.js'

const maxKeys = 3

export function keyConfusion(jwt: ShownJwt | undefined, search: KeySearch): Group {
  const name = 'confusion'
  if (jwt === undefined) return { name, skipped: 'the good token is no signed JWT' }
  if (String(jwt.headerMembers.alg).startsWith('HS')) {
    return { name, skipped: 'the good token is signed with a shared secret, so there is no public key' }
  }
  if (search.keys === undefined) return { name, skipped: search.reason }
  const { kid } = jwt.headerMembers
  const named = search.keys.filter((key) => key.kid === kid)
  const keys = (named.length > 0 ? named : search.keys).slice(0, maxKeys)
  const tricks = keys.flatMap((key) => ofKey(jwt, key, search.text))
  return tricks.length > 0 ? { name, tricks } : { name, skipped: 'the issuer publishes no public key that can be read' }
}

function ofKey(jwt: ShownJwt, key: JsonWebKey, keySet: string): Trick[] {
  const forms = textsOf(key, keySet)
  const tricks = Object.entries(forms).map(([form, secret]) =>
    signHmac(`HS256 with the public key as ${form}`, jwt, 'HS256', secret),
  )
  const { PEM: pem } = forms
  if (pem === undefined) return tricks
  return [
    ...tricks,
    ...(['HS384', 'HS512'] as const).map((alg) => signHmac(`${alg} with the public key as PEM`, jwt, alg, pem)),
  ]
}

function textsOf(key: JsonWebKey, keySet: string): Record<string, string | Buffer> {
  try {
    const read = createPublicKey({ key, format: 'jwk' })
    const pem = read.export({ type: 'spki', format: 'pem' }) as string
    const raw = String(key.n ?? key.x)
    return {
      PEM: pem,
      'PEM without its last line end': pem.trimEnd(),
      'PEM with CRLF': pem.replaceAll('\n', '\r\n'),
      'PEM in one line': pem.replaceAll('\n', ''),
      ...(key.kty === 'RSA' && { 'PKCS#1 PEM': read.export({ type: 'pkcs1', format: 'pem' }) as string }),
      DER: read.export({ type: 'spki', format: 'der' }),
      'a JWK': JSON.stringify(key),
      'a JWK of its required members': JSON.stringify(read.export({ format: 'jwk' })),
      'the JWK set': keySet,
      'the text of its number': raw,
      'the bytes of its number': Buffer.from(raw, 'base64url'),
    }
  } catch {
    return {}
  }
}
