/** What a route asks of a request. */
import { isScope } from '../access/index.js'
import { checkInteger, checkOptionNames } from '../options.js'

export interface GuardOptions<Scope extends string = string> {
  /** All of these. */
  readonly scopes?: readonly Scope[]
  /** At least one of these. */
  readonly anyOf?: readonly Scope[]
  /** Lets a request without credentials through, without a user; wrong credentials are refused all the same. Default false. */
  readonly optional?: boolean
  /** Whether the token may come by Basic; default true. */
  readonly basic?: boolean
  /** The secret must have been proved at most this long ago (RFC 9470). */
  readonly maxAgeSeconds?: number
}

/** The options of a guard, checked and complete. */
export interface Need {
  readonly scopes: readonly string[]
  readonly anyOf: readonly string[]
  readonly optional: boolean
  readonly basic: boolean
  readonly maxAgeSeconds: number
}

const optionNames = ['scopes', 'anyOf', 'optional', 'basic', 'maxAgeSeconds']

/**
 * Reads the arguments of a guard: scopes, or one object of options.
 * @throws TypeError for a scope that is none, is a pattern, or is not among `known` (when that lists any), and for an unknown
 * or wrong option.
 */
export function readNeed<Scope extends string>(
  args: readonly Scope[] | readonly [GuardOptions<Scope>],
  known: readonly string[],
): Need {
  const [first] = args
  const options: GuardOptions = typeof first === 'object' ? first : { scopes: args as readonly Scope[] }
  if (typeof first === 'object' && args.length > 1) throw new TypeError('guard takes scopes or one object of options')
  checkOptionNames('guard', options, optionNames)
  return Object.freeze({
    scopes: readScopes('scopes', options.scopes ?? [], known),
    anyOf: readScopes('anyOf', options.anyOf ?? [], known),
    optional: readFlag('optional', options.optional ?? false),
    basic: readFlag('basic', options.basic ?? true),
    maxAgeSeconds:
      options.maxAgeSeconds === undefined ? Infinity : checkInteger('maxAgeSeconds', options.maxAgeSeconds, 0, 2 ** 31),
  })
}

function readScopes(name: string, scopes: readonly string[], known: readonly string[]): readonly string[] {
  if (!Array.isArray(scopes)) throw new TypeError(`${name} must be a list of scopes`)
  for (const scope of scopes) {
    if (!isScope(scope)) {
      throw new TypeError(
        `A guard needs one exact scope, resource:action or resource:action:any, not "${String(scope)}"`,
      )
    }
    if (known.length > 0 && !known.includes(scope))
      throw new TypeError(`The scope "${scope}" is not among those defined`)
  }
  return Object.freeze([...scopes])
}

function readFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`)
  return value
}
