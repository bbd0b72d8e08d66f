/** A report in SARIF 2.1.0 (OASIS), which code hosts and editors read. */

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Finding, type GroupName, groupNames, type Outcome, type ProbeReport } from './report.js'

const descriptions: Readonly<Record<GroupName, string>> = {
  none: 'A request without a credential is refused',
  empty: 'An empty credential is refused',
  tampered: 'A token that was changed is refused',
  unsigned: 'A token that is not signed is refused',
  confusion: 'A token signed with the public key as a shared secret is refused',
  'foreign key': 'A token signed with a key that it brings or names itself is refused',
  'weak secret': 'Tokens are not signed with a secret that was published',
  expired: 'An expired token is refused',
  audience: 'A token for another audience is refused',
  scope: 'A token without the scope is refused',
  path: 'Another spelling of the path is refused without a credential',
  method: 'Another method is refused without a credential',
}
const notProved = 'not-proved'
const levels: Readonly<Partial<Record<Outcome, string>>> = { open: 'error', broke: 'warning', warned: 'note' }

/** `description` is the OpenAPI file as it was given, a path or a URL. */
export function toSarif(report: ProbeReport, description: string, version: string): object {
  const rules = [
    ...groupNames.map((name) => ruleOf(idOf(name), descriptions[name])),
    ruleOf(notProved, 'The good token is let in, so that refusals of others say something'),
  ]
  const uri = uriOf(description)
  const unproved = report.operations.flatMap(({ operation, unproved: reason }) =>
    reason === undefined ? [] : [{ id: notProved, level: 'warning', text: `${operation}: ${reason}`, operation }],
  )
  const found = report.findings.map((finding) => ({
    ...{ id: idOf(finding.group), level: levels[finding.outcome] ?? 'none' },
    ...{ text: textOf(finding), operation: finding.operation },
  }))
  const results = [...found, ...unproved].map(({ id, level, text, operation }) => ({
    ruleId: id,
    ruleIndex: rules.findIndex((rule) => rule.id === id),
    level,
    message: { text },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri } },
        ...(operation !== undefined && { logicalLocations: [{ fullyQualifiedName: operation, kind: 'function' }] }),
      },
    ],
  }))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'latchkey probe', version, rules } }, results }],
  }
}

function ruleOf(id: string, text: string) {
  return { id, shortDescription: { text } }
}

function idOf(name: GroupName): string {
  return name.replace(' ', '-')
}

function textOf({ operation, tricks, message, curl }: Finding): string {
  const shown = curl === undefined ? '' : `\n${curl}`
  return `${operation ?? 'The token'}: ${tricks.join('; ')}: ${message}${shown}`
}

/** A relative path stays one, as those who read the report know the root of it. */
function uriOf(description: string): string {
  if (/^https?:\/\//i.test(description)) return description
  return isAbsolute(description) ? pathToFileURL(description).href : encodeURI(description.replaceAll('\\', '/'))
}
