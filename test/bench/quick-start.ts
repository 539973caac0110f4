// What a new user waits: a fresh clone, an empty package cache, `npm ci && npm run demo -- --once`, seconds to the first ranked ring.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { print } from './command.ts'

const root = join(import.meta.dirname, '..', '..')
/** What the demo prints before the first ring of its ranked list. */
const FIRST_RING = /^\s*(#?1\b|ring 1\b)/im

export async function benchQuickStart(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-quick-start-'))
  const clone = join(directory, 'ringfence')
  try {
    execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone])
    const startedSeconds = secondsNow()
    execFileSync('npm', ['ci', '--cache', join(directory, 'cache')], { cwd: clone, stdio: 'ignore' })
    const installed = secondsNow() - startedSeconds
    for (const start of ['first', 'second']) {
      const began = start === 'first' ? startedSeconds : secondsNow()
      const firstRing = await secondsToFirstRing(clone)
      print(`${start} start: first ranked ring after ${(firstRing - began).toFixed(1)} s${start === 'first' ? `, of which npm ci ${installed.toFixed(1)} s` : ''}`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function secondsNow(): number {
  return Number(process.hrtime.bigint()) / 1e9
}

async function secondsToFirstRing(clone: string): Promise<number> {
  const child = spawn('npm', ['run', '--silent', 'demo', '--', '--once'], { cwd: clone, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let seen = Number.NaN
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (Number.isNaN(seen) && FIRST_RING.test(output)) seen = secondsNow()
  })
  const code = await new Promise<number | null>((resolve) => { child.on('close', resolve) })
  if (code !== 0 || Number.isNaN(seen)) throw new Error(`the demo ended with ${code} and printed:\n${output}`)
  return seen
}
