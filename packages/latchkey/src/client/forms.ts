export interface LoginForm {
  /** As it was registered, in any case; for type 300 the id of the API key. */
  readonly account: string
  /** The password for type 100, the API key for type 300. */
  readonly secret: string
  /** The client type: 100 is an email address and a password, 300 an API key. */
  readonly type: number
  /** Scopes with one space between: cuts what the role grants. Default: all of it. */
  readonly scope?: string
  /** Some of the server's audiences. Default: all of them. */
  readonly audience?: readonly string[]
  /** A label for the list of sessions, at most 64 characters. */
  readonly device?: string
}

export interface SecretForm {
  readonly old_secret: string
  /** At least 8 characters. */
  readonly new_secret: string
  /** Whether the user's API keys end as well. Default false. */
  readonly end_api_keys?: boolean
}

export interface CallOptions {
  /** Gives up waiting: the promise rejects with the signal's reason, as `fetch` does. */
  readonly signal?: AbortSignal
}
