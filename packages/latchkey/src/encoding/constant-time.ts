/**
 * Compares two texts of public length in a time that does not depend on where they differ.
 * Texts of different length are unequal at once.
 */
export function equalConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
