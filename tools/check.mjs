// Runs every check of this folder; fails when one does.
import { spawnSync } from 'node:child_process'
import process from 'node:process'

const checks = [['node_modules/@biomejs/biome/bin/biome', 'ci', '.']]

for (const [script, ...args] of checks) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
