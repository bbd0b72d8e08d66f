/** The addresses of a Latchkey server, as a service is told them. */

/** Where a server's metadata lies (RFC 8414 section 3). */
export const metadataPath = '/.well-known/oauth-authorization-server'
/** Where its key set lies (RFC 7517 section 5). */
export const keysPath = '/.well-known/jwks.json'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Checks the address that was given, and answers it without a slash at its end.
 * @throws TypeError unless it is an https URL, or an http one of this machine or with `allowHttp`.
 */
export function readServerAddress(server: unknown, allowHttp: boolean): string {
  if (typeof server !== 'string' || !URL.canParse(server))
    throw new TypeError('server must be the URL of a Latchkey server')
  const { protocol, hostname, search, hash, username, password } = new URL(server)
  if (search || hash || username || password) throw new TypeError('server must have no query, fragment or password')
  if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError('server must be an https URL')
  if (protocol === 'http:' && !allowHttp && !loopback.test(hostname)) {
    throw new TypeError(
      'server must be an https URL, since its keys are trusted; allowHttp: true takes http all the same',
    )
  }
  return server.replace(/\/+$/, '')
}
