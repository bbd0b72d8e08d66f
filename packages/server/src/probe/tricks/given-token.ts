/** Tokens that only their issuer can make honestly: expired, or for somebody else. */
import { bearer, type Group } from '../trick.js'

export function expiredToken(token: string | undefined): Group {
  const skipped = 'give --expired-token; without it a later exp under the old signature is tried, among tampered'
  return token === undefined
    ? { name: 'expired', skipped }
    : { name: 'expired', tricks: [bearer('expired token', token, '$EXPIRED_TOKEN')] }
}

export function otherAudienceToken(token: string | undefined): Group {
  const skipped = 'give --other-audience-token; without it another aud under the old signature is tried, among tampered'
  return token === undefined
    ? { name: 'audience', skipped }
    : { name: 'audience', tricks: [bearer('token for another audience', token, '$OTHER_AUDIENCE_TOKEN')] }
}
