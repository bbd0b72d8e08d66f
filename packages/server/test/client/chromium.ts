/** Debian's Chromium, driven by playwright-core. */
import process from 'node:process'
import { type Browser, chromium } from 'playwright-core'
import { findProgram } from '../find-program.js'

export const findChromium = () => findProgram(['chromium', 'chromium-browser', 'google-chrome'], 'chromium')

export function startChromium(executablePath: string): Promise<Browser> {
  // As root it has no sandbox; it sees nothing but our own pages.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args, headless: true })
}
