import { type SettingName, settings } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface FromEnvironment {
  readonly values: Readonly<Partial<Record<SettingName, unknown>>>
  readonly problems: readonly string[]
}

/** Kubernetes puts these into every container beside a service whose name begins with `latchkey`. */
const ofKubernetes = /^LATCHKEY_(?:\w+_)?(?:SERVICE_HOST$|SERVICE_PORT(?:_\w+)?$|PORT$|PORT_\d+_)/

/**
 * Reads the settings that have a name in the environment. A name that begins with `LATCHKEY_` and stands for none is a
 * problem: misspelt, it would silently not apply.
 */
export function readEnvironment(environment: Environment): FromEnvironment {
  const values: Partial<Record<SettingName, unknown>> = {}
  const problems: string[] = []
  const known = new Set<string>()
  for (const [name, setting] of Object.entries(settings)) {
    if (setting.environment === undefined) continue
    known.add(setting.environment)
    const text = environment[setting.environment]
    if (text === undefined) continue
    const value = setting.fromText ? setting.fromText(text) : text
    if (text !== '' && setting.isValid(value)) values[name as SettingName] = value
    else problems.push(`${setting.environment} (environment) must be ${setting.expected}`)
  }
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('LATCHKEY_') || known.has(name) || ofKubernetes.test(name)) continue
    const names = [...known].filter((one) => one.startsWith('LATCHKEY_')).join(', ')
    problems.push(`${name} (environment) is not a setting; there are ${names}`)
  }
  return { values, problems }
}
