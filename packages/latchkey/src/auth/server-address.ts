/** The addresses that keys are read from, as a service is told them. */

import { checkAddress } from '../options.js'

export const keysAreTrusted = 'its keys are trusted'
/** Where a server's metadata lies (RFC 8414 section 3). */
export const metadataPath = '/.well-known/oauth-authorization-server'
/** Where its key set lies (RFC 7517 section 5). */
export const keysPath = '/.well-known/jwks.json'

/**
 * Checks the address that was given, and answers it without a slash at its end.
 * @throws TypeError unless it is an https URL, or an http one of this machine or with `allowHttp`.
 */
export function readServerAddress(server: unknown, allowHttp: boolean): string {
  if (checkAddress('server', server, allowHttp, keysAreTrusted).search) throw new TypeError('server must have no query')
  return (server as string).replace(/\/+$/, '')
}
