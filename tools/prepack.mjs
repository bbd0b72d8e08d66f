// Run by `npm pack` inside a package: removes its build and makes it anew, so that nothing stale is published.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

for (const folder of ['dist', 'bundle']) rmSync(folder, { recursive: true, force: true })
const ready = fileURLToPath(new URL('ready.mjs', import.meta.url))
process.exitCode = spawnSync(process.execPath, [ready], { stdio: ['ignore', 2, 2] }).status ?? 1
