/** Why a store or its keys could not be opened. */
export type StartErrorReason =
  | 'folder_unusable'
  | 'not_a_database'
  | 'database_unusable'
  | 'database_missing'
  | 'database_newer'
  | 'database_outdated'
  | 'database_unreachable'
  | 'secret_missing'
  | 'secret_too_short'
  | 'secret_weak'
  | 'secret_wrong'
  | 'keys_damaged'
  | 'database_other'
  | 'sqlite_missing'
  | 'backup_impossible'
  | 'metrics_port_unusable'
  | 'breached_passwords_unusable'
  | 'webhook_secret_weak'

/**
 * Something that must be put right before the program can run. The message says what was found and what to do, and never
 * holds a secret; whoever starts the program prints it and ends.
 */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly reason: StartErrorReason

  constructor(reason: StartErrorReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}
