/** Signing and verifying access tokens, and the keys for both. */
export type { AccessToken, User } from './access-token.js'
export type { Algorithm } from './algorithms.js'
export type { AccessTokenClaims } from './claims.js'
export { createSigner, type Signer, type SignerOptions, type TokenSubject } from './create-signer.js'
export { createVerifier, type Verifier, type VerifierOptions } from './create-verifier.js'
export { type ExplainedCheck, type ExplainOptions, type Explanation, explain } from './explain.js'
export type { Jwk } from './jwk.js'
export { generateKey, importKey, type Key } from './key.js'
export type { Keys } from './key-set.js'
export { type Began, beginRead, createRevocationCopy, type RevocationCopy } from './revocation-copy.js'
export {
  createRevocationList,
  type Revocation,
  type RevocationList,
  type Revocations,
} from './revocation-list.js'
export { isScopePattern } from './scope-claim.js'
