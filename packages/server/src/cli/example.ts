/** The end of a command's help. */
export function example(line: string): string {
  return `\nExample:\n  $ ${line}`
}
