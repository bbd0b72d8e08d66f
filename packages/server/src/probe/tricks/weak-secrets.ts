/** Secrets that stand in documentation, so that everybody has them. */
import { createHmac } from 'node:crypto'
import { type HmacName, hmacHashes, signHmac } from '../forge.js'
import type { ShownJwt } from '../shown-token.js'
import type { Group } from '../trick.js'
import { changeClaims } from './tampered-tokens.js'

/** A few of the many; a secret that is not among them is not shown to be strong. */
export const publishedSecrets: readonly string[] = [
  '',
  'secret',
  'Secret',
  'SECRET',
  'secretkey',
  'secretKey',
  'secret_key',
  'secret-key',
  'my-secret',
  'mysecret',
  'my_secret',
  'my-secret-key',
  'mySecretKey',
  'my super secret key',
  'jwt',
  'jwtsecret',
  'jwt_secret',
  'jwt-secret',
  'JWT_SECRET',
  'jwtSecret',
  'supersecret',
  'super-secret',
  'super_secret',
  'supersecretkey',
  'topsecret',
  'top-secret',
  'verysecret',
  'shhhhh',
  'shhhhhared-secret',
  'keyboard cat',
  'it-is-very-secret',
  'your-256-bit-secret',
  'your-384-bit-secret',
  'your-512-bit-secret',
  'a-string-secret-at-least-256-bits-long',
  'your-secret-key',
  'your_secret_key',
  'your_jwt_secret',
  'YOUR_SECRET_KEY',
  'AllYourBase',
  'password',
  'Password1',
  'passw0rd',
  'changeme',
  'change-me',
  'changeit',
  'admin',
  'test',
  'testing',
  'dev',
  'development',
  'default',
  'example',
  'key',
  'private',
  'token',
  'foo',
  'bar',
  'hello',
  '123456',
  '12345678',
  '1234567890',
  'qwerty',
  'letmein',
]

/** The published secret that the good token is signed with; undefined when none of the list is. */
export function findPublishedSecret({ header, payload, signature, headerMembers }: ShownJwt): string | undefined {
  const hash = hmacHashes[headerMembers.alg as HmacName]
  if (hash === undefined) return undefined
  const input = `${header.text}.${payload.text}`
  return publishedSecrets.find(
    (secret) => createHmac(hash, secret).update(input).digest('base64url') === signature.text,
  )
}

export function weakSecrets(jwt: ShownJwt | undefined): Group {
  const name = 'weak secret'
  const alg = jwt?.headerMembers.alg as HmacName
  if (jwt === undefined || hmacHashes[alg] === undefined) {
    return { name, skipped: 'the good token is not signed with HS256, HS384 or HS512' }
  }
  const secret = findPublishedSecret(jwt)
  if (secret === undefined) return { name, tricks: [] }
  const changes = { 'another sub': { sub: 'latchkey-probe' }, 'one more claim': { 'latchkey-probe': true } }
  const tricks = Object.entries(changes).map(([what, change]) =>
    signHmac(`signed with a published secret, ${what}`, jwt, alg, secret, { payload: changeClaims(jwt, change) }),
  )
  return { name, tricks }
}
