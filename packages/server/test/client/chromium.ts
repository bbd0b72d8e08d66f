/** Debian's Chromium, driven by playwright-core. */
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { type Browser, chromium } from 'playwright-core'

/** Where Chromium is; in CI, as root and with apt, it is installed when it is missing. Undefined: not to be had here. */
export function findChromium(): string | undefined {
  const found = which('chromium') ?? which('chromium-browser') ?? which('google-chrome')
  if (found !== undefined || !process.env.CI || process.getuid?.() !== 0 || !which('apt-get')) return found
  console.log('Installing chromium by apt-get ...')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env: environment })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    stdio: 'ignore',
    env: environment,
  })
  return which('chromium')
}

function which(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

export function startChromium(executablePath: string): Promise<Browser> {
  // As root it has no sandbox; it sees nothing but our own pages.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args, headless: true })
}
