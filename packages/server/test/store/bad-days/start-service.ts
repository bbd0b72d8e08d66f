import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type Listening, startProcess, until } from '../../start-process.js'

const script = fileURLToPath(new URL('guarded-service.mjs', import.meta.url))

/** A service with a guard, once that is ready. */
export async function startService(folder: string, server: string, issuer: string): Promise<Listening> {
  const service = startProcess(process.execPath, [script, server, issuer], { folder })
  const port = await until(service, () => /^\d+/.exec(service.output.out)?.[0], 'the guard')
  return { ...service, url: `http://127.0.0.1:${port}` }
}
