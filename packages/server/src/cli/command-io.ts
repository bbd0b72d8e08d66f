import type { Environment } from '../config/read-environment.js'

/** What a command reads from and writes to; the process, but for tests. */
export interface CommandIo {
  readonly out: (line: string) => void
  readonly error: (line: string) => void
  readonly stdin: NodeJS.ReadStream | (AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean })
  readonly environment: Environment
  /** Where `latchkey.config.{js,json}` is looked for. */
  readonly folder: string
}

/** Something that the caller must write otherwise; ends the command with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that was asked for rightly and could not be done; ends the command with exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
