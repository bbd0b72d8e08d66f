import type { Command } from 'commander'
import { readConfig } from '../config.js'
import type { Finding } from '../doctor/finding.js'
import { CommandError, type CommandIo, UsageError } from './command-io.js'
import { example } from './example.js'

interface DoctorOptions {
  readonly url?: string
  readonly json?: boolean
}

/** `latchkey doctor` */
export function addDoctorCommand(program: Command, io: CommandIo): void {
  program
    .command('doctor')
    .description('Check this deployment: each check prints what was found and what to do; a fault is exit code 1')
    .option('--url <url>', 'ask the running server as well, as clients do')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey doctor --url https://id.example'))
    .action((options: DoctorOptions) => runDoctor(io, options))
}

async function runDoctor(io: CommandIo, { url, json }: DoctorOptions): Promise<void> {
  if (url !== undefined && !/^https?:\/\//.test(URL.canParse(url) ? url : '')) {
    throw new UsageError('--url must be an http or https URL')
  }
  const config = await readConfig({ environment: io.environment, folder: io.folder })
  const { examine } = await import('../doctor/examine.js')
  const findings = await examine({ config, environment: io.environment, folder: io.folder, url })
  const faults = findings.filter(({ level }) => level === 'fault').length
  if (json) io.out(JSON.stringify({ healthy: faults === 0, findings }))
  else for (const finding of findings) io.out(lineOf(finding))
  if (faults > 0) throw new CommandError(faults === 1 ? 'There is 1 fault.' : `There are ${faults} faults.`)
}

function lineOf({ level, check, found, advice }: Finding): string {
  return `${level.padEnd(8)} ${check.padEnd(13)} ${found}${advice === undefined ? '' : ` ${advice}`}`
}
