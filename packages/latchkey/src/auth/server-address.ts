/** The addresses that keys are read from, as a service is told them. */

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
  if (readAddress('server', server, allowHttp).search) throw new TypeError('server must have no query')
  return (server as string).replace(/\/+$/, '')
}

/**
 * Checks any address that keys are read from; `name` is what it is called in the message, which does not repeat the address.
 * @throws TypeError unless it is an https URL, or an http one of this machine or with `allowHttp`.
 */
export function readAddress(name: string, address: unknown, allowHttp: boolean): URL {
  if (typeof address !== 'string' || !URL.canParse(address)) throw new TypeError(`${name} must be a URL`)
  const url = new URL(address)
  const { protocol, hostname, hash, username, password } = url
  if (hash || username || password) throw new TypeError(`${name} must have no fragment or password`)
  if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError(`${name} must be an https URL`)
  if (protocol === 'http:' && !allowHttp && !loopback.test(hostname)) {
    throw new TypeError(
      `${name} must be an https URL, since its keys are trusted; allowHttp: true takes http all the same`,
    )
  }
  return url
}
