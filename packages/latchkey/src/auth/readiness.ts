/** Waiting until the first request can be decided. */

export interface Readiness {
  /** Everything is here. */
  settle(): void
  /** Settles after `settle`. Holds the process open meanwhile: else a program that waits for nothing else would end. */
  wait(): Promise<void>
  /** Nobody is waited for any more. */
  close(): void
}

const longMs = 2 ** 31 - 1

export function createReadiness(): Readiness {
  let isOver = false
  let hold: NodeJS.Timeout | undefined
  let resolve: () => void = () => {}
  const settled = new Promise<void>((done) => {
    resolve = done
  })
  function release(): void {
    isOver = true
    clearInterval(hold)
  }
  return Object.freeze({
    settle() {
      release()
      resolve()
    },
    wait() {
      if (!isOver) hold ??= setInterval(() => {}, longMs)
      return settled
    },
    close: release,
  })
}
