// Writes sbom.cdx.json: all that the published packages bring along, on every platform, in CycloneDX as `npm sbom` makes it.
// Usage: npm run sbom [-- FILE]
//
// `npm sbom --omit=dev` would leave out what the workspace itself also uses for its tests, such as hono and pg. So it is asked for
// everything, and what no published package depends on is taken away here, with what is of this machine: the folder's name.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { packagesIn } from './lib/files.mjs'
import { repository } from './lib/report.mjs'

const file = process.argv[2] ?? join(repository, 'sbom.cdx.json')
const words = ['sbom', '--workspaces', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application']
const options = { cwd: repository, encoding: 'utf8', maxBuffer: 2 ** 26, shell: process.platform === 'win32' }
const document = JSON.parse(execFileSync('npm', words, options))

const dependsOn = new Map(document.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]))
const root = document.metadata.component['bom-ref']
const own = packagesIn(repository)
  .filter(({ manifest }) => !manifest.private)
  .map(({ manifest }) => `${manifest.name}@${manifest.version}`)
// What an application brings itself, its frameworks, is no part of `latchkey`.
dependsOn.set(
  own.find((ref) => ref.startsWith('latchkey@')),
  [],
)
dependsOn.set(root, own)
const kept = new Set()
const keep = (ref) => {
  if (kept.has(ref)) return
  kept.add(ref)
  for (const next of dependsOn.get(ref) ?? []) keep(next)
}
keep(root)

document.metadata.component.name = 'latchkey-workspace'
document.components = document.components.filter((component) => kept.has(component['bom-ref']))
for (const component of document.components) {
  // Those that the tests use as well are marked as theirs.
  component.properties = component.properties?.filter(({ name }) => name !== 'cdx:npm:package:development')
}
document.dependencies = [...kept].map((ref) => ({ ref, dependsOn: dependsOn.get(ref) ?? [] }))
const text = `${JSON.stringify(document, null, 2)}\n`
const leaks = [repository.replace(/\/$/, ''), 'registry.', 'file:'].filter((leak) => text.includes(leak))
if (leaks.length > 0) {
  console.error(`sbom: holds ${leaks.join(', ')}; nothing was written`)
  process.exit(1)
}
writeFileSync(file, text)
console.log(`sbom: ${document.components.length} components in ${file}`)
