/** Other ways to write the path, which a router may take for the same and a guard for another one. */
import type { Operation } from '../operation.js'
import type { Group } from '../trick.js'

export function otherPaths({ path }: Operation): Group {
  const first = /^\/[^/]*/.exec(path)?.[0] ?? '/'
  const rest = path.slice(first.length)
  const spellings: Readonly<Record<string, string>> = {
    'first letter escaped': path.replace(/[A-Za-z]/, escapeLetter),
    'last letter escaped': path.replace(/[A-Za-z](?=[^A-Za-z]*$)/, escapeLetter),
    'two slashes in front': `/${path}`,
    'two slashes within': rest === '' ? path : `${first}/${rest}`,
    'a dot in front': `/.${path}`,
    'a dot behind': `${path}/.`,
    'one folder down and up': `/latchkey-probe/..${path}`,
    'one folder down and up, escaped': `/latchkey-probe/%2e%2e${path}`,
    'a slash behind': path.endsWith('/') ? path.replace(/\/+$/, '') : `${path}/`,
    capitals: swapCase(path),
    'a parameter behind': `${path};x`,
    'a parameter within': `${first};x${rest}`,
    'an escaped slash in front': `/%2f${path.slice(1)}`,
    'an escaped slash behind': `${path}%2f`,
    'an escaped slash within': rest === '' ? path : `${first}%2f${rest.slice(1)}`,
  }
  const tricks = Object.entries(spellings)
    .filter(([, spelling]) => spelling !== path && spelling !== '')
    .map(([name, spelling]) => ({ name, change: { path: spelling } }))
  return { name: 'path', tricks }
}

function escapeLetter(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}

/** What is escaped stays as it is. */
function swapCase(path: string): string {
  const upper = path.replace(/%[0-9a-f]{2}|[a-z]+/gi, (part) => (part.startsWith('%') ? part : part.toUpperCase()))
  return upper === path ? path.toLowerCase() : upper
}
