/** The many texts that lenient readers take for the same token. */
export function otherTexts(token: string): readonly (readonly [name: string, text: string])[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const lastChanged = [header, payload, signature].flatMap((segment, which) =>
    [1, 2, 3].map((bits) => {
      const last = alphabet[alphabet.indexOf(segment.at(-1) as string) ^ bits]
      return [
        `last character of part ${which} changed by ${bits}`,
        [header, payload, signature].with(which, segment.slice(0, -1) + last).join('.'),
      ] as const
    }),
  )
  const blanks = [' ', '\n', '\r\n', '\t', '\0', '\u00a0', '\u200b', '\ufeff']
  return [
    ...blanks.flatMap((blank) => [
      [`${JSON.stringify(blank)} after`, token + blank] as const,
      [`${JSON.stringify(blank)} before`, blank + token] as const,
      [
        `${JSON.stringify(blank)} inside`,
        `${header}.${payload.slice(0, 9)}${blank}${payload.slice(9)}.${signature}`,
      ] as const,
      [`${JSON.stringify(blank)} around the dots`, [header, payload, signature].join(`${blank}.${blank}`)] as const,
    ]),
    ...['=', '==', '.', '..', '.x', ',', ';', '%00', '#', '"'].map(
      (end) => [`${end} at the end`, token + end] as const,
    ),
    ...[0, 1, 2].map(
      (which) =>
        [
          `padded part ${which}`,
          [header, payload, signature].map((one, i) => (i === which ? `${one}=` : one)).join('.'),
        ] as const,
    ),
    ...lastChanged,
    ['a dot before', `.${token}`],
    ['a doubled dot', token.replace('.', '..')],
    [
      'the ordinary alphabet and padding',
      [header, payload, signature].map((one) => `${Buffer.from(one, 'base64url').toString('base64')}=`).join('.'),
    ],
    ['percent encoding', token.replaceAll('.', '%2e')],
    ['quotes', `"${token}"`],
    ['full width letters', token.replace('e', '\uff45')],
    ['latin1 twins', token.replace('A', '\u0141')],
    ['no signature', `${header}.${payload}.`],
    ['no last dot', `${header}.${payload}`],
    ['the JSON form', JSON.stringify({ protected: header, payload, signature })],
  ]
}
