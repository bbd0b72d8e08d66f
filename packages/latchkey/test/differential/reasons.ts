/** Why another library may accept what we refuse, by the rule that is against the token. What stands nowhere here is a failure. */
import type { Rule } from '../fuzz/plain-token.js'
import type { PeerName } from './peers.js'

export interface Reason {
  /** Who is known to accept such tokens. */
  readonly peers: readonly PeerName[]
  readonly because: string
}

const both: readonly PeerName[] = ['jose', 'fast-jwt']

/** Rules that are not here are kept by all. */
export const reasons: Partial<Readonly<Record<Rule, Reason>>> = {
  length: {
    peers: both,
    because:
      'We read no token of more than 8,192 characters, so that nobody can make a check dear; others leave the bound to the HTTP server.',
  },
  base64url: {
    peers: both,
    because:
      'One token has one text: padding, white space, the ordinary alphabet and unused bits that are not zero are refused (RFC 7515 section 2, RFC 4648 section 3.5).',
  },
  'header: strict JSON': {
    peers: both,
    because:
      'A header that parsers read differently is refused: repeated members, `__proto__`, lone surrogates, bad UTF-8 (RFC 7515 section 4 lets a parser take the last of repeated members).',
  },
  'header: other members': {
    peers: both,
    because:
      'The header is exactly `alg`, `kid`, `typ`; others ignore members they do not know (RFC 7515 section 4), `jku`, `jwk` and `zip` among them.',
  },
  'header: typ': {
    peers: both,
    because:
      'We write `at+jwt` and take nothing else; others compare media types, in any case and with `application/` before (RFC 7515 section 4.1.9).',
  },
  'payload: strict JSON': {
    peers: both,
    because:
      'Claims that parsers read differently are refused: repeated members, `__proto__`, lone surrogates, bad UTF-8, numbers beyond a double, more than 32 levels.',
  },
  'claim of another type': {
    peers: both,
    because:
      'Each claim has its type and range (RFC 9068 section 2.2, and more for ours); others check those that they use, and leave the rest to the application.',
  },
  lifetime: {
    peers: both,
    because:
      'No token of ours lives longer than 30 days, whatever its `exp` says; others have no bound unless they are told one.',
  },
  scope: {
    peers: both,
    because: 'Scopes are `resource:action` with one space between; for others `scope` is any text.',
  },
  'issued in the future': {
    peers: both,
    because:
      'An `iat` more than a minute ahead is a clock gone wrong; others read `iat` only when they are told a greatest age.',
  },
  expired: {
    peers: ['fast-jwt'],
    because:
      'A token is refused from the second of its `exp` on (RFC 7519 section 4.1.4); fast-jwt takes it for that one moment more.',
  },
}

/** Why another library may refuse what we accept. */
export const refusals: readonly { readonly peer: PeerName; readonly code: string; readonly because: string }[] = []
