/** An email address and a password. */
export const emailType = 100
/** An API key, with its id as the account. */
export const apiKeyType = 300

/** What the caller typed to log in. */
export interface Attempt {
  /** As typed; the client type normalises it. */
  readonly account: string
  readonly secret: string
}

/** What somebody who registers typed. */
export interface Registration extends Attempt {
  readonly nickname: string
}

/** Who it is, as of the row that the secret was checked against. */
export interface Identity {
  readonly uid: number
  readonly role: string
  /** `users.epoch` of that row: a session may only begin while it is still the same. */
  readonly epoch: number
  /** Of an API key: it is exchanged for an access token, and no session begins. */
  readonly apiKeyId?: string
}

export interface Verification {
  /** Undefined for a wrong secret and for an unknown, disabled, deleted or secret-less account alike. */
  readonly identity: Identity | undefined
  /** When the costly part began, on `performance.now()`; what a refusal's waiting time is counted from. */
  readonly startedAtMs: number
}

/** Sentences that say what was expected, by field; they never hold the value. An empty list, no fault. */
export type Reasons = Record<string, string[]>

/** What is stored of a secret. */
export interface StoredSecret {
  readonly hash: string
  /** Kind and cost of the hash. */
  readonly form: string
}

/** A way of logging in. Whoever adds one adds a file that makes it, and one line in `index.ts`. */
export interface ClientType {
  /** The number on the wire. */
  readonly type: number
  readonly name: string
  /** Whether people choose its secrets, so that tries are counted for each account, too. */
  readonly isGuessable: boolean
  /** The one spelling under which an account is stored and looked up. Idempotent; takes any text. */
  normaliseAccount(account: string): string
  /** Why this cannot be an attempt at all, by its length for one; says nothing about which accounts exist. */
  attemptReasons(attempt: Attempt): Reasons
  /**
   * Asked before anything is read, so that refusing many costs little. Absent where checking a secret is cheap.
   * @throws LatchkeyError `busy` when no secret can be checked now.
   */
  readonly expectRoom?: () => void
  /** Checks the secret. The same work whether the account exists or not. */
  verify(attempt: Attempt): Promise<Verification>
  /** Absent where accounts of this type are not made by registering. */
  readonly registration?: {
    reasons(form: Registration): Promise<Reasons>
    storeSecret(secret: string): Promise<StoredSecret>
  }
}

/** The hashing that client types with passwords need. */
export interface SecretHashing {
  /** @throws LatchkeyError `busy` when too many wait, `parameter_invalid` for a secret past the limits. */
  hash(secret: string): Promise<StoredSecret>
  /** @throws LatchkeyError `busy` when the others would now. */
  expectRoom(): void
  /** Without `stored` a dummy is hashed, and the answer is no. The same errors as `hash`. */
  check(secret: string, stored: string | undefined): Promise<SecretCheck>
}

export interface SecretCheck {
  readonly right: boolean
  /** The hash is of a cheaper form than new ones: make it anew while the secret is at hand. */
  readonly outdated: boolean
  readonly startedAtMs: number
}
