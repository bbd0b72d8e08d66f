/** Whether refusals may tell more than a stranger should know: with NODE_ENV=development, and never without. */
export function isDevelopment(): boolean {
  return globalThis.process?.env?.NODE_ENV === 'development'
}
