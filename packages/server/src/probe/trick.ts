/** Requests that a closed API refuses. */
import type { GroupName } from './report.js'

/** The value of an Authorization header, and how a shell writes it between double quotes without showing a token. */
export interface Credential {
  readonly value: string
  readonly shell: string
}

/** What may be changed of a request that has no credential. */
export interface RequestChange {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Trick {
  readonly name: string
  readonly credential?: Credential
  readonly change?: RequestChange
}

/** Tricks of one kind, or why there are none. */
export type Group =
  | { readonly name: GroupName; readonly tricks: readonly Trick[] }
  | { readonly name: GroupName; readonly skipped: string }

export function bearer(name: string, value: string, shell: string): Trick {
  return { name, credential: { value: `Bearer ${value}`, shell: `Bearer ${shell}` } }
}
