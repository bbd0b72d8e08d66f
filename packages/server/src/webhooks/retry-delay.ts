const firstSeconds = 5
const factor = 3
const greatestSeconds = 12 * 3600
/** Three days after the first one. */
const mostTries = 15

/**
 * How long to wait after so many tries have failed, in whole seconds: 5, 15, 45, ... to 12 hours, and a fifth more or less, so
 * that messages that failed together come apart. Undefined after the fifteenth: three days are over.
 */
export function retryDelaySeconds(failedTries: number, chance = Math.random()): number | undefined {
  if (failedTries >= mostTries) return undefined
  const delay = Math.min(firstSeconds * factor ** (failedTries - 1), greatestSeconds)
  return Math.round(delay * (0.8 + 0.4 * chance))
}
