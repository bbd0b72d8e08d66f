/** Reads a unit of systemd (systemd.syntax(7)), as far as examples/latchkey.service needs it. */

export interface Unit {
  /** All values of a setting, in their order. */
  all(section: string, name: string): readonly string[]
  /** The only value of a setting. */
  one(section: string, name: string): string
}

export function readUnit(text: string): Unit {
  const values = new Map<string, string[]>()
  let section = ''
  for (const line of text.split('\n')) {
    if (line.trim() === '' || /^[#;]/.test(line)) continue
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? []
    if (header !== undefined) {
      section = header
      continue
    }
    const [, name, value] = /^(\w+)=(.*[^\\]|)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`${line} is no line that this reads`)
    const key = `${section} ${name}`
    values.set(key, [...(values.get(key) ?? []), value])
  }
  const all = (section: string, name: string) => values.get(`${section} ${name}`) ?? []
  return {
    all,
    one(section, name) {
      const found = all(section, name)
      if (found.length !== 1) throw new Error(`${name} stands ${found.length} times in [${section}]`)
      return found[0] as string
    },
  }
}

/** What `Environment=` sets; `specifiers` are what stands for `%S` and the like. */
export function environmentOf(unit: Unit, specifiers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const words = unit.all('Service', 'Environment').flatMap((value) => value.split(' '))
  const expand = (text: string) =>
    text.replace(/%(.)/g, (_, letter: string) => {
      const value = specifiers[letter]
      if (value === undefined) throw new Error(`%${letter} is not known here`)
      return value
    })
  return Object.fromEntries(words.map((word) => word.split(/=(.*)/s, 2).map(expand)))
}
