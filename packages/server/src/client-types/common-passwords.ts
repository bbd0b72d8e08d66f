/** Keyboard runs and repeats that are common, but not in the dictionary, which leaves them to zxcvbn's matchers. */
const runs = [
  ...['poiuytrewq', 'qwertzui', 'qwertzuiop', 'lkjhgfdsaz'],
  ...['0987654321q', '987654321q', '87654321q', '74227422', '34523452'],
]

let words: Promise<ReadonlySet<string>> | undefined

/**
 * Whether `password`, in any case, is in the dictionary of common passwords: all 17,950 of its words of eight characters and
 * more, so the 3,000 most common with a wide margin. Takes about 20 ms and 5 MB the first time.
 */
export async function isCommonPassword(password: string): Promise<boolean> {
  words ??= load()
  return (await words).has(password.toLowerCase())
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const common = dictionary['passwords-common'].filter((word) => word.length >= 8)
  return new Set([...common, ...runs])
}
