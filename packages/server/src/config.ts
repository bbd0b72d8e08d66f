/** The configuration: what may be set, from where, and what applies otherwise. */
import { ConfigurationError } from './config/configuration-error.js'
import { problemsOf } from './config/read-object.js'
import type { LatchkeyConfig } from './config/settings.js'

export type { AuditEventName } from './config/audit-event-names.js'
export { ConfigurationError } from './config/configuration-error.js'
export type { LimitSettings } from './config/limit-settings.js'
export { type ConfigSources, type ReadyConfig, readConfig } from './config/read-config.js'
export type { BuiltInScope } from './config/roles.js'
export type { LatchkeyConfig, LogLevel } from './config/settings.js'
export type { WebhookSettings } from './config/webhook-settings.js'

/**
 * Checks a configuration and returns a frozen copy of it; for `latchkey.config.js`. Reads no environment, no file, and fills in
 * no default.
 *
 *     export default defineConfig({ issuer: 'https://id.example', audiences: ['orders'] })
 *
 * @throws ConfigurationError naming each unknown name and bad value.
 */
export function defineConfig<const Scope extends string>(config: LatchkeyConfig<Scope>): LatchkeyConfig<Scope> {
  const problems = problemsOf(config, 'defineConfig')
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'))
  return Object.freeze({ ...config })
}
