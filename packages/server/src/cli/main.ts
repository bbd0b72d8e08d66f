/** The command line: `latchkey COMMAND`. */
import { run } from './run.js'

// A log that nobody reads any more must not end the server. An answer that could not be written is a failure, unless the reader
// has had enough, as in `latchkey user list | head`.
process.stderr.on('error', () => {})
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code !== 'EPIPE') process.exitCode = 1
})

run(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  stdin: process.stdin,
  environment: process.env,
  folder: process.cwd(),
}).then((exitCode) => {
  process.exitCode ||= exitCode
})
