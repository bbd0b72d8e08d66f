/** What `createAuth` takes, in its three forms. */
import type { Roles } from '../access/index.js'
import type { Clock } from '../clock.js'
import type { Keys } from '../token/key-set.js'
import type { Revocations } from '../token/revocation-list.js'

interface SharedOptions<Scope extends string> {
  /** Takes the names of the scopes, so that guards refuse a misspelt one. */
  readonly roles?: Roles<Scope>
  /** How long after its `exp` a token still counts; 0 to 300, default 0. */
  readonly leewaySeconds?: number
  /** How many verified tokens are kept, at 2 KiB each on average; default 50,000; 0 keeps none. */
  readonly cacheEntries?: number
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: Clock
}

interface LatchkeyOptions<Scope extends string> extends SharedOptions<Scope> {
  /** Left out: tokens as Latchkey writes them. */
  readonly profile?: never
  /** What `aud` must be or hold; default: the issuer. */
  readonly audience?: string
  /** How old the copy of the revocations may be before `whenStale` applies; 1 to 86,400, default 300. */
  readonly maxStalenessSeconds?: number
  /** What becomes of good tokens when the copy of the revocations is older; default `refuse`, with 503. */
  readonly whenStale?: 'refuse' | 'accept'
}

/** For keys that are given: no network, no database. */
export interface KeyAuthOptions<Scope extends string = string> extends LatchkeyOptions<Scope> {
  /**
   * The keys that may have signed; each verifies tokens that name it by `kid`. A text is the path of a file that holds a JWK, a
   * list of them, or a JWK set, at most 64 KiB; it is read once, so that a changed file needs a restart.
   */
  readonly keys: Keys | string
  /** What `iss` must be, character by character. */
  readonly issuer: string
  /** Tokens that are refused before they expire; default none. */
  readonly revocations?: Revocations
}

/** For a Latchkey server, whose keys and revocations are followed. */
export interface ServerAuthOptions<Scope extends string = string> extends LatchkeyOptions<Scope> {
  /** Its https URL, or an http one of this machine. */
  readonly server: string
  /** What `iss` must be, and what the server's metadata must name; default: `server`. */
  readonly issuer?: string
  /** An API key with the scope `revocation:read`, for a server whose feed is closed to strangers; default none. */
  readonly apiKey?: string
  /** Takes an http URL of another machine; default false. */
  readonly allowHttp?: boolean
}

/**
 * For an issuer that is no Latchkey server, whose keys are followed. **It has no feed of revocations**: a logout there is known
 * here only when the token expires.
 */
export interface IssuerAuthOptions<Scope extends string = string> extends SharedOptions<Scope> {
  /** Its https URL, or an http one of this machine; its metadata is read below it. */
  readonly server: string
  /** Any JWT that is signed by the issuer's keys, for this audience. */
  readonly profile: 'any-jwt'
  /** What `aud` must be or hold: the name of this API at the issuer, never a client's id, for which ID tokens are issued. */
  readonly audience: string
  /** What `iss` must be, and what the issuer's metadata must name; default: `server`, as it is written. */
  readonly issuer?: string
  /** Takes http URLs of other machines, for the metadata and the keys; default false. */
  readonly allowHttp?: boolean
}

export type AuthOptions<Scope extends string = string> =
  | KeyAuthOptions<Scope>
  | ServerAuthOptions<Scope>
  | IssuerAuthOptions<Scope>
