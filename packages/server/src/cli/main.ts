/** The command line: `latchkey COMMAND`. */
import { run } from './run.js'

run(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  stdin: process.stdin,
  environment: process.env,
  folder: process.cwd(),
}).then((exitCode) => {
  process.exitCode = exitCode
})
