/** A JSON Web Key as data (RFC 7517). */

/** A JSON Web Key. `alg` is required, since nothing is guessed from the kind of key; further members are ignored (RFC 7517 section 4). */
export interface Jwk {
  readonly kty: string
  readonly alg?: string
  readonly kid?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly d?: string
  readonly k?: string
  readonly [member: string]: unknown
}
