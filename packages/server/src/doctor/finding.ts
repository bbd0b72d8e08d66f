/** What a check of `latchkey doctor` says. */
export interface Finding {
  /** The name of what was looked at. */
  readonly check: string
  /** A `fault` is to be put right; a `warning` may be meant. */
  readonly level: 'ok' | 'warning' | 'fault'
  /** One sentence, which never holds a secret. */
  readonly found: string
  /** What to do; undefined where it is well. */
  readonly advice?: string
}

/** The advice where the sentence itself says what to do. */
export const noStart = 'Until then no server starts.'

export function ok(check: string, found: string): Finding {
  return { check, level: 'ok', found }
}

export function warning(check: string, found: string, advice: string): Finding {
  return { check, level: 'warning', found, advice }
}

export function fault(check: string, found: string, advice: string): Finding {
  return { check, level: 'fault', found, advice }
}
