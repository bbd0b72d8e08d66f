/** Lines of Authorization headers, well and badly made. */
import type { Random } from './random.js'

const schemes = [
  ...[
    'Bearer',
    'bearer',
    'BEARER',
    'bEaReR',
    'Basic',
    'basic',
    'BASIC',
    'bAsIc',
    'Digest',
    'Bearers',
    'Beare',
    'Bear\u00e9r',
    'Negotiate',
  ],
  ...[
    '',
    ' ',
    'Token',
    'Bearer,',
    'Basic,Bearer',
    'Bearer Bearer',
    'Basic Bearer',
    'bea\u017fic',
    'ba\u017fic',
    '\0Bearer',
    '\ufeffBearer',
  ],
]
const gaps = [
  '',
  ' ',
  ' ',
  ' ',
  ' ',
  '  ',
  '   ',
  '\t',
  ' \t',
  '\n',
  '\u00a0',
  '\u3000',
  ',',
  '=',
  ':',
  '%20',
  '\0',
  ' '.repeat(500),
]
const ends = [
  '',
  '',
  '',
  '',
  ' ',
  ',',
  ', ',
  ':',
  '=',
  '\0',
  '\r\n',
  ',Basic eDp5',
  ', Bearer x',
  ';q=1',
  '%',
  '%ff',
  '\u0141',
  ' extra',
  '"',
]
/** One to three lines, seldom none. `token` stands where a good token belongs. */
export function makeHeaderLines(random: Random, token: string): readonly string[] {
  return Array.from({ length: random.pick([1, 1, 1, 1, 1, 1, 0, 2, 3]) }, () => makeLine(random, token))
}

function makeLine(random: Random, token: string): string {
  const scheme = random.pick(schemes)
  let text = random.chance(0.5)
    ? token
    : random.pick(['', ' ', 'x', 'a.b.c', '..', token.slice(0, -1), `${token}x`, `lkr_${token}`, 'lkk_x'])
  const isBasic = scheme.toLowerCase().includes('basic') ? !random.chance(0.1) : random.chance(0.1)
  if (isBasic) {
    const pair =
      text + random.pick([':', ':', ':', ':password', '', '::', '\0:', ':\u0007', '\ufeff:', `:${'p'.repeat(2000)}`])
    text = Buffer.from(random.chance(0.05) ? `:${pair}` : pair, random.chance(0.1) ? 'utf16le' : 'utf8').toString(
      'base64',
    )
    if (random.chance(0.2))
      text = random.pick([
        text.replace(/=+$/, ''),
        `${text}=`,
        text.replaceAll('+', '-'),
        `${text}\u0000`,
        text.slice(1),
        'Og==',
        'OnB3',
        '=',
      ])
  }
  if (random.chance(0.15)) text = damage(random, text)
  if (random.chance(0.005)) text = text.repeat(2 + Math.floor(65_536 / (text.length + 1)))
  return scheme + random.pick(gaps) + text + (random.chance(0.7) ? '' : random.pick(ends))
}

function damage(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  return (
    text.slice(0, at) +
    random.pick(['\0', ' ', ',', '%zz', '\u0100', '\ud800', '=', '.', 'A', '']) +
    text.slice(at + random.below(3))
  )
}
