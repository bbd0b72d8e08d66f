/** docker or podman, where one of them answers. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const answerMs = 10_000
const pullMs = 300_000

export interface ContainerEngine {
  readonly name: string
  /** Runs a command of it and answers what that printed. */
  run(...words: string[]): Promise<string>
}

/** The engine that has these images or can fetch them, or a sentence on why there is none. */
export function findContainerEngine(images: readonly string[]): ContainerEngine | string {
  const answering = ['docker', 'podman'].filter((name) => succeeds(name, ['info'], answerMs))
  const name = answering.find((engine) => images.every((image) => hasImage(engine, image)))
  if (name === undefined) {
    return answering.length === 0
      ? 'neither docker nor podman answers'
      : `${answering.join(' and ')} cannot fetch ${images.join(' and ')}`
  }
  return {
    name,
    async run(...words) {
      const { stdout } = await execute(name, words, { maxBuffer: 64 * 1024 * 1024 })
      return stdout.trim()
    },
  }
}

const hasImage = (engine: string, image: string) =>
  succeeds(engine, ['image', 'inspect', image], answerMs) || succeeds(engine, ['pull', image], pullMs)

/** Whether a program is there and ends well. */
export function succeeds(command: string, words: readonly string[], timeout = answerMs): boolean {
  try {
    execFileSync(command, words, { stdio: 'ignore', timeout })
    return true
  } catch {
    return false
  }
}
