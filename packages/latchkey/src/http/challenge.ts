/** Writes the WWW-Authenticate header (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 7617 section 2.1). */
import type { LatchkeyError } from '../errors.js'

/**
 * The challenge of a refusal, in one line; undefined for an error that has none. `basic` offers Basic as well, which makes a
 * browser open its login box: leave it out where a page's own script asked.
 */
export function challenge(error: LatchkeyError, options: { readonly basic: boolean }): string | undefined {
  const bearer = error.headers['www-authenticate']
  if (bearer === undefined || !options.basic || error.status !== 401) return bearer
  return `${bearer}, Basic realm="latchkey", charset="UTF-8"`
}
