/** What was asked and answered in a run, and what of it was wrong. It never holds a token. */
import { ackedAtMs, type Between, type Credential, judge, promisedMs } from './judge.js'

/** Where a guard says that its copy is older than it promises, as where the machine stalls; or says nothing, as the server. */
const laggingWithinMs = 2000
/** So many are written down; all are counted. */
const writtenDown = 50

export interface Asked extends Between {
  /** What kind of token or request it was. */
  readonly kind: string
  /** Who was asked. */
  readonly guard: string
  /** How old its copy of the revocations was by its own word; undefined: it says nothing. */
  readonly ageMs?: number | undefined
  readonly status: number
  /** Of the error. */
  readonly code?: string | undefined
  /** When the first token of its key was seen. */
  readonly keySeenAtMs?: number | undefined
}

export interface Count {
  accepted: number
  refused: number
}

/** The latest acceptances after the acknowledgement, in milliseconds. */
export interface Lateness {
  freshMs: number
  laggingMs: number
}

export class Journal {
  /** By kind. */
  readonly counts = new Map<string, Count>()
  /** By guard. */
  readonly lateness = new Map<string, Lateness>()
  readonly violations: string[] = []
  wrongAccepts = 0
  wrongRefusals = 0
  /** Neither accepted nor refused, and not busy. */
  odd = 0
  /** 429 and 503. */
  busy = 0
  unanswered = 0
  /** Decisions of guards that said that their copy was older than a second. */
  lagging = 0
  /** Requests that had an answer. */
  answers = 0
  /** Those that were not sent, since too many waited for an answer. */
  unsent = 0
  longestAnswerMs = 0
  readonly #beganAtMs = performance.now()

  /** `laggingWithinMs`: how long a guard that says it lags may accept what has ended; beyond its capacity a machine keeps no time. */
  constructor(readonly laggingMs = laggingWithinMs) {}

  /** Whether it was accepted; undefined when it was neither accepted nor refused. */
  note(credential: Credential, asked: Asked): boolean | undefined {
    const { kind, guard, ageMs, status, sent, answered } = asked
    this.answers++
    this.longestAnswerMs = Math.max(this.longestAnswerMs, answered.ms - sent.ms)
    if (status === 429 || status === 503) {
      this.busy++
      return undefined
    }
    const isAccepted = status < 300
    if (!isAccepted && status !== 401) {
      this.odd++
      this.#violate(`an answer of ${status}`, asked)
      return undefined
    }
    const count = this.counts.get(kind) ?? { accepted: 0, refused: 0 }
    this.counts.set(kind, count)
    if (isAccepted) count.accepted++
    else count.refused++
    const isLagging = ageMs === undefined || ageMs > promisedMs
    if (ageMs !== undefined && isLagging) this.lagging++
    const lateMs = sent.ms - ackedAtMs(credential.ends)
    if (isAccepted && lateMs > 0) this.#noteLate(guard, isLagging && ageMs !== undefined, lateMs)
    const right = judge(credential, asked, isLagging ? this.laggingMs : promisedMs)
    if (right === 'refuse' && isAccepted) {
      this.wrongAccepts++
      const after = Number.isFinite(lateMs) ? `, ${lateMs.toFixed(0)} ms after its end was acknowledged` : ''
      this.#violate(`wrong accept${after}`, asked)
    }
    if (right === 'accept' && !isAccepted) {
      this.wrongRefusals++
      this.#violate('wrong refusal', asked)
    }
    return isAccepted
  }

  #noteLate(guard: string, isLagging: boolean, lateMs: number): void {
    const lateness = this.lateness.get(guard) ?? { freshMs: 0, laggingMs: 0 }
    this.lateness.set(guard, lateness)
    if (isLagging) lateness.laggingMs = Math.max(lateness.laggingMs, lateMs)
    else lateness.freshMs = Math.max(lateness.freshMs, lateMs)
  }

  #violate(what: string, { kind, guard, ageMs, code, keySeenAtMs, answered }: Asked): void {
    if (this.violations.length >= writtenDown) return
    const at = `${((answered.ms - this.#beganAtMs) / 1000).toFixed(3)} s: `
    const age = ageMs === undefined ? '' : `, whose copy was ${ageMs.toFixed(0)} ms old`
    const key = keySeenAtMs === undefined ? '' : `, key seen ${((answered.ms - keySeenAtMs) / 1000).toFixed(1)} s ago`
    this.violations.push(`${at}${what}: ${kind} at ${guard}${code === undefined ? '' : `, ${code}`}${age}${key}`)
  }
}
