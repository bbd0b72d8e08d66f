/** What a probe found. */

/**
 * - `held`: every request was refused.
 * - `warned`: refused, but not for its credential, or in a way that says little.
 * - `broke`: an answer of 5xx, or none.
 * - `open`: a request was let in.
 * - `skipped`: not tried, so nothing is known.
 */
export type Outcome = 'skipped' | 'held' | 'warned' | 'broke' | 'open'

/** From the best to the worst. */
export const outcomes: readonly Outcome[] = ['skipped', 'held', 'warned', 'broke', 'open']

/** The groups of tricks, in the order in which they are tried. */
export const groupNames = [
  'none',
  'empty',
  'tampered',
  'unsigned',
  'confusion',
  'foreign key',
  'weak secret',
  'expired',
  'audience',
  'scope',
  'path',
  'method',
] as const
export type GroupName = (typeof groupNames)[number]

/** One request and what became of it. */
export interface Attempt {
  readonly trick: string
  readonly outcome: Outcome
  /** What was answered; undefined when nothing was. */
  readonly status: number | undefined
  readonly message: string
  /** Shows it in a shell; tokens stand in it as `$TOKEN`. */
  readonly curl: string
}

export interface GroupReport {
  readonly group: GroupName
  /** The worst of its attempts. */
  readonly outcome: Outcome
  /** Why it was not tried. */
  readonly reason?: string
  readonly attempts: readonly Attempt[]
}

export interface OperationReport {
  readonly operation: string
  /** What the good token was answered; undefined when it was not sent. */
  readonly controlStatus: number | undefined
  /** Why nothing is proved of this operation. */
  readonly unproved?: string
  readonly groups: readonly GroupReport[]
}

/** The attempts of one group at one operation that ended alike. */
export interface Finding {
  /** Undefined for what concerns the token itself. */
  readonly operation?: string
  readonly group: GroupName
  readonly outcome: Outcome
  readonly tricks: readonly string[]
  readonly message: string
  readonly curl?: string
}

export interface ProbeReport {
  readonly url: string
  readonly requests: number
  readonly operations: readonly OperationReport[]
  /** Not probed, since the file marks them as open. */
  readonly openByDescription: readonly string[]
  readonly findings: readonly Finding[]
}

export function worst(found: readonly Outcome[]): Outcome {
  return outcomes[Math.max(0, ...found.map((outcome) => outcomes.indexOf(outcome)))] as Outcome
}

/** Everything but what was held or not tried. A warning that holds for the whole operation is given once. */
export function findingsOf({ operation, groups }: OperationReport): Finding[] {
  const findings = groups.flatMap(({ group, attempts }) =>
    (['open', 'broke', 'warned'] as const).flatMap((outcome): Finding[] => {
      const alike = attempts.filter((attempt) => attempt.outcome === outcome)
      const [first] = alike
      if (first === undefined) return []
      const { message, curl } = first
      return [{ operation, group, outcome, tricks: alike.map(({ trick }) => trick), message, curl }]
    }),
  )
  const isRepeated = ({ outcome, message }: Finding, index: number) =>
    outcome === 'warned' && findings.findIndex((other) => other.message === message) < index
  return findings.filter((finding, index) => !isRepeated(finding, index))
}
