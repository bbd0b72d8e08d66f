/** The revocations that are in force, in memory: what a guard asks before it lets a token through. */
import { SessionTable } from './session-table.js'

/**
 * A row of the feed. `s`: tokens of session `id` with a generation below `min` are refused; `k`: tokens signed by key `id`;
 * `u`: legacy tokens of user `id` that were issued at or before `min`.
 */
export interface Revocation {
  readonly kind: string
  readonly id: string
  readonly min: number
  /** Epoch seconds: when every token that it concerns has expired by itself. */
  readonly expiresAt: number
}

/** What a check of tokens asks. */
export interface Revocations {
  /** Another number after every change: whoever remembers an answer of `refuses` asks again when it differs. */
  readonly version: number
  /** Whether the token of this session, generation and key is refused. */
  refuses(token: { readonly sid: string; readonly gen: number }, kid: string): boolean
  /** Whether every token that this key signed is refused. */
  refusesKey(kid: string): boolean
  /**
   * How old this copy of the revocations is, in milliseconds; undefined: there is none yet. Left out where the list is no
   * copy, and so never old. `wallMs` is `Date.now()`, where it was read just now.
   */
  ageMs?(wallMs?: number): number | undefined
}

export interface RevocationList extends Revocations {
  /** Adds rows, in any order and as often as they come. Answers how many were of a kind that is not known. */
  apply(rows: readonly Revocation[]): number
  /**
   * Forgets what concerns only tokens that have expired by `nowSeconds`, in a small part of the list at each call, so that none
   * stops the process: 256 calls go around it.
   */
  sweep(nowSeconds: number): void
  /** How many sessions and keys are in the list. */
  readonly size: number
}

/** Makes an empty list. */
export function createRevocationList(): RevocationList {
  const sessions = new SessionTable()
  const keys = new Map<string, number>()
  let version = 0
  const refusesKey = (kid: string) => keys.size > 0 && keys.has(kid)
  return Object.freeze({
    get version() {
      return version
    },
    get size() {
      return sessions.size + keys.size
    },
    apply(rows: readonly Revocation[]) {
      let unknown = 0
      for (const { kind, id, min, expiresAt } of rows) {
        if (kind === 's') sessions.raise(id, min, expiresAt)
        else if (kind === 'k') keys.set(id, Math.max(expiresAt, keys.get(id) ?? 0))
        else unknown++
      }
      if (rows.length > 0) version++
      return unknown
    },
    refuses: ({ sid, gen }: { readonly sid: string; readonly gen: number }, kid: string) =>
      gen < sessions.minimumOf(sid) || refusesKey(kid),
    refusesKey,
    sweep(nowSeconds: number) {
      sessions.sweep(nowSeconds)
      for (const [kid, expiresAt] of keys) if (expiresAt <= nowSeconds) keys.delete(kid)
    },
  })
}
