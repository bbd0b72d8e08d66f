import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const tools = fileURLToPath(new URL('..', import.meta.url))

// For tests: writes `files` (path -> text or JSON) into a new folder, runs a script of tools/ on it, and removes it.
export async function runCheck(script, files, { env = {}, installed = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-check-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
    }
    if (installed) symlinkSync(join(tools, '..', 'node_modules'), join(folder, 'node_modules'), 'junction')
    return await new Promise((resolve) => {
      const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 24 }
      execFile(process.execPath, [join(tools, script), folder], options, (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, output: stdout + stderr }),
      )
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
