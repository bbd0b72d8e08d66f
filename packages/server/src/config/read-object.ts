import { notYet, type SettingName, settings } from './settings.js'

/** Why `object` cannot be a configuration; `place` says where it came from, as in "argument" or a file's name. */
export function problemsOf(object: unknown, place: string): readonly string[] {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return [`The configuration (${place}) must be an object`]
  }
  return Object.entries(object).flatMap(([name, value]) => problemOf(name, value, place))
}

function problemOf(name: string, value: unknown, place: string): readonly string[] {
  const later = Object.hasOwn(notYet, name) ? notYet[name] : undefined
  if (later) return value === undefined ? [] : [`${name} (${place}) ${later}`]
  if (!Object.hasOwn(settings, name)) {
    return [`"${name}" (${place}) is not a setting; there are ${Object.keys(settings).join(', ')}`]
  }
  const { isValid, expected, problemsOf: problemsIn } = settings[name as SettingName]
  // A member that is there and undefined says nothing, as in `{ issuer: process.env.MY_ISSUER }`.
  if (value === undefined || isValid(value)) return []
  const problems = problemsIn?.(value) ?? [{ at: '', expected }]
  return problems.map(({ at, expected }) => `${name}${at} (${place}) must be ${expected}`)
}
