import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Each entry of our packages leads to its source: what is mutated is not built. */
export function sourceAliases(root) {
  return ['latchkey', 'query', 'server'].flatMap((folder) => {
    const place = join(root, 'packages', folder)
    const { name, exports } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))
    return Object.entries(exports)
      .filter(([, file]) => typeof file === 'string' && file.startsWith('./dist/'))
      .map(([entry, file]) => ({
        find: new RegExp(`^${name}${entry.slice(1)}$`),
        replacement: join(place, file.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
      }))
  })
}
