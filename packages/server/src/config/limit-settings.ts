/** What the setting `limits` holds. */
import { isIntegerFrom } from './setting.js'

/** How often something may be tried; 0: as often as somebody likes. */
export interface LimitSettings {
  /** Wrong secrets for one account from one address prefix in 10 minutes. Default 10. */
  readonly perAccountAndPrefix: number
  /** Wrong secrets from one address prefix in 10 minutes, for whatever accounts. Default 100. */
  readonly perPrefix: number
  /** Wrong secrets for one account in 10 minutes, from all prefixes together where it has never logged in. Default 100. */
  readonly perAccount: number
  /** Registrations from one address prefix in a minute. Default 60. */
  readonly registrationsPerPrefix: number
}

export const defaultLimits: LimitSettings = Object.freeze({
  perAccountAndPrefix: 10,
  perPrefix: 100,
  perAccount: 100,
  registrationsPerPrefix: 60,
})

const isCount = isIntegerFrom(0, 1_000_000)

/** Some of them; the others keep their defaults. */
export function isLimits(value: unknown): value is Partial<LimitSettings> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, count]) => Object.hasOwn(defaultLimits, name) && (count === undefined || isCount(count)),
  )
}

/** With the defaults of what is not said. */
export function withDefaultLimits(given: Partial<LimitSettings> = {}): LimitSettings {
  const said = Object.entries(given).filter(([, count]) => count !== undefined)
  return Object.freeze({ ...defaultLimits, ...Object.fromEntries(said) })
}
