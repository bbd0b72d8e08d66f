/** A report for people: a table, and then each finding with a line that shows it. */
import { type Finding, type GroupName, groupNames, type Outcome, type ProbeReport } from './report.js'

const marks: Readonly<Record<Outcome, string>> = {
  skipped: '-',
  held: 'held',
  warned: 'warned',
  broke: 'broke',
  open: 'OPEN',
}

export function formatReport(report: ProbeReport): string[] {
  return [
    ...tableOf(report),
    ...report.openByDescription.map((name) => `open by its own description: ${name}`),
    ...reasonsOf(report),
    ...unprovedOf(report),
    ...report.findings.flatMap(linesOf),
    '',
    summaryOf(report),
  ]
}

/** One sentence. */
export function summaryOf({ operations, findings, requests }: ProbeReport): string {
  const withOutcome = (outcome: Outcome) => findings.filter((finding) => finding.outcome === outcome).length
  const unproved = operations.filter((operation) => operation.unproved !== undefined).length
  const counts = [
    `${operations.length} operations`,
    `${withOutcome('open')} open`,
    `${withOutcome('broke')} broke`,
    `${withOutcome('warned')} warned`,
    `${unproved} not proved`,
    `${requests} requests`,
  ]
  return counts.join(', ')
}

function tableOf({ operations }: ProbeReport): string[] {
  const rows = operations.map(({ operation, controlStatus, groups }) => {
    const cell = (name: GroupName) => marks[groups.find(({ group }) => group === name)?.outcome ?? 'skipped']
    return [operation, controlStatus === undefined ? '-' : String(controlStatus), ...groupNames.map(cell)]
  })
  const all = [['operation', 'good token', ...groupNames], ...rows]
  const widths = (all[0] as string[]).map((_name, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  )
}

/** Each reason once, with the operations where it holds unless it is for all. */
function reasonsOf({ operations }: ProbeReport): string[] {
  const found = new Map<string, string[]>()
  for (const { operation, groups } of operations) {
    for (const { group, reason } of groups) {
      if (reason === undefined) continue
      const line = `not tried: ${group}: ${reason}`
      found.set(line, [...(found.get(line) ?? []), operation])
    }
  }
  return [...found].map(([line, names]) =>
    names.length === operations.length ? line : `${line} (${names.join(', ')})`,
  )
}

function unprovedOf({ operations }: ProbeReport): string[] {
  return operations.flatMap(({ operation, unproved }) =>
    unproved === undefined ? [] : [`not proved: ${operation}: ${unproved}`],
  )
}

function linesOf({ operation, group, outcome, tricks, message, curl }: Finding): string[] {
  const others = tricks.length > 1 ? `, and ${tricks.length - 1} more of ${group}` : ''
  const lines = ['', `${marks[outcome]}: ${operation ?? 'the token'}: ${tricks[0]}${others}: ${message}`]
  return curl === undefined ? lines : [...lines, `  ${curl}`]
}
