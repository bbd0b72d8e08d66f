/**
 * Refuses an options object that holds a name nobody reads, since a misspelt option would silently not apply.
 * @throws TypeError naming the option and those there are.
 */
export function checkOptionNames(owner: string, options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner} needs an object`)
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new TypeError(`${owner} has no "${name}"; there are ${names.join(', ')}`)
  }
}

/** @throws TypeError unless `value` is a whole number from `least` to `greatest`. */
export function checkInteger(name: string, value: unknown, least: number, greatest: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > greatest) {
    throw new TypeError(`${name} must be a whole number from ${least} to ${greatest}`)
  }
  return value as number
}

/** @throws TypeError unless `value` is a text that is not empty. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a text that is not empty`)
  return value
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Reads an address that secrets, tokens or keys come from or go to; `name` is what it is called in the message, `why` what
 * http would put at risk; the address is not repeated.
 * @throws TypeError unless it is an https URL, or an http one of this machine or with `allowHttp`, without password or fragment.
 */
export function checkAddress(name: string, address: unknown, allowHttp: boolean, why: string): URL {
  if (typeof address !== 'string' || !URL.canParse(address)) throw new TypeError(`${name} must be a URL`)
  const url = new URL(address)
  const { protocol, hostname, hash, username, password } = url
  if (hash || username || password) throw new TypeError(`${name} must have no fragment or password`)
  if (protocol !== 'https:' && !(protocol === 'http:' && (allowHttp || loopback.test(hostname)))) {
    throw new TypeError(`${name} must be an https URL, since ${why}; allowHttp: true takes http all the same`)
  }
  return url
}
