/** Keys that are the same in every run, so that what they signed may lie in the corpus. They are nobody's. */
import { createECDH, createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import type { Jwk } from 'latchkey/token'

const bytesFor = (name: string) => createHash('sha256').update(`latchkey fuzz ${name}`).digest()

export const secretJwk: Jwk = { kty: 'oct', k: bytesFor('HS256').toString('base64url'), alg: 'HS256', kid: 'h' }

/** Ed25519: the private key in PKCS #8 is these bytes behind a fixed beginning (RFC 8410 section 7). */
export const edwardsJwk: Jwk = (() => {
  const d = bytesFor('EdDSA')
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), d])
  const publicKey = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  const { kty, crv, x } = publicKey.export({ format: 'jwk' }) as { kty: string; crv: string; x: string }
  return { kty, crv, x, d: d.toString('base64url'), alg: 'EdDSA', kid: 'e' }
})()

export const ellipticJwk: Jwk = (() => {
  const d = bytesFor('ES256')
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(d)
  const point = curve.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((one) => one.toString('base64url')) as [string, string]
  return { kty: 'EC', crv: 'P-256', x, y, d: d.toString('base64url'), alg: 'ES256', kid: 'p' }
})()
