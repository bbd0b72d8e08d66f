import { Command, CommanderError } from 'commander'
import { LatchkeyError } from 'latchkey'
import { readVersion } from '../config/version.js'
import { ConfigurationError } from '../config.js'
import { StartError } from '../store/start-error.js'
import { addAuditCommands } from './audit.js'
import { addBackupCommand } from './backup.js'
import { CommandError, type CommandIo, UsageError } from './command-io.js'
import { addDoctorCommand } from './doctor.js'
import { example } from './example.js'
import { addKeyCommands } from './key.js'
import { addMigrateCommand } from './migrate.js'
import { addProbeCommand } from './probe.js'
import { addRestoredCommands } from './restored.js'
import { addServeCommand } from './serve.js'
import { addTokenCommands } from './token.js'
import { addUserCommands } from './user.js'

/** Exit codes: done, could not be done, was written wrongly. */
const done = 0
const failed = 1
const misused = 2

/** Runs one command line (without the program's name) and answers its exit code. Never throws. */
export async function run(words: readonly string[], io: CommandIo): Promise<number> {
  const json = words.includes('--json')
  try {
    await createProgram(io, json).parseAsync([...words], { from: 'user' })
    return done
  } catch (error) {
    return report(error, io, json)
  }
}

function createProgram(io: CommandIo, json: boolean): Command {
  const program = new Command('latchkey')
    .description('Token authentication for REST APIs')
    .version(readVersion(), '--version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => json || io.error(text.trimEnd()),
    })
    .showHelpAfterError('Help: --help')
    .addHelpText('after', example('latchkey serve'))
  addServeCommand(program, io)
  addMigrateCommand(program, io)
  addBackupCommand(program, io)
  addRestoredCommands(program, io)
  addUserCommands(program, io)
  addKeyCommands(program, io)
  addTokenCommands(program, io)
  addAuditCommands(program, io)
  addDoctorCommand(program, io)
  addProbeCommand(program, io)
  return program
}

function report(error: unknown, io: CommandIo, json: boolean): number {
  if (error instanceof CommanderError) {
    // It has said it already, but for whoever reads JSON.
    if (json && error.exitCode !== 0) io.error(JSON.stringify({ error: 'usage', message: error.message }))
    return error.exitCode === 0 ? done : misused
  }
  const { code, message, exitCode } = describe(error)
  io.error(json ? JSON.stringify({ error: code, message }) : `latchkey: ${message}`)
  return exitCode
}

function describe(error: unknown): { code: string; message: string; exitCode: number } {
  if (error instanceof UsageError) return { code: 'usage', message: error.message, exitCode: misused }
  if (error instanceof ConfigurationError) return { code: 'configuration', message: error.message, exitCode: failed }
  if (error instanceof StartError) return { code: error.reason, message: error.message, exitCode: failed }
  if (isNotFound(error)) return { code: 'not_found', message: 'There is no such user', exitCode: failed }
  if (error instanceof LatchkeyError && error.expose) {
    return { code: error.code, message: messageOf(error), exitCode: failed }
  }
  if (error instanceof CommandError) return { code: 'failed', message: error.message, exitCode: failed }
  const stack = error instanceof Error ? (error.stack ?? error.message) : 'something that is no Error was thrown'
  return { code: 'server_error', message: `this is a fault of Latchkey's own: ${stack}`, exitCode: failed }
}

/** By its code: loading @latchkey/query for its class would double the time that `--help` takes. */
function isNotFound(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'not_found'
}

function messageOf({ msg, message }: LatchkeyError): string {
  if (typeof msg === 'string') return message
  return Object.entries(msg)
    .map(([field, reasons]) => `${field} ${reasons.join(', ')}`)
    .join('; ')
}
