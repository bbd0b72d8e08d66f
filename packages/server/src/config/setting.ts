/** One setting: how it is checked, read from text, and described in `docs/configuration.md`. */
export interface Setting {
  /** Its name in the environment; most have none. */
  readonly environment?: string
  /** What must hold, as it stands after "must be". */
  readonly expected: string
  /** For the page: type, unit where there is one, and what applies when nothing is said. */
  readonly type: string
  readonly unit?: string
  readonly default: string
  /** One sentence: what it does. */
  readonly sentence: string
  isValid(value: unknown): boolean
  /** What is wrong inside a list or an object, where `expected` would not say enough. */
  problemsOf?(value: unknown): readonly SettingProblem[]
  /** The value that a text of the environment stands for; default: the text itself. */
  fromText?(text: string): unknown
}

export interface SettingProblem {
  /** Behind the name of the setting, as `[1].url`; empty: the value as a whole. */
  readonly at: string
  /** As it stands after "must be". */
  readonly expected: string
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function isIntegerFrom(least: number, greatest: number): (value: unknown) => boolean {
  return (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= greatest
}

/** The number that a text of digits stands for; NaN, which no setting takes, for any other. */
export function numberFrom(text: string): number {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
}
