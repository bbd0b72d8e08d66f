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
