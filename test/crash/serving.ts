// A service in a process of its own, as an operator starts it, that can be killed at any moment and started again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const launcher = join(import.meta.dirname, '..', '..', 'src', 'cli', 'ringfence.mjs')

export interface Service {
  readonly url: string
  /** Shown by the first start on a database alone. */
  readonly firstKey: string | undefined
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Within a test. `directory` keeps the keys from start to start. */
export async function startService(databaseUrl: string, directory: string): Promise<Service> {
  const environment = { ...process.env, DATABASE_URL: databaseUrl, RINGFENCE_DATA: directory, RINGFENCE_PORT: '0', RINGFENCE_LOG_LEVEL: 'error', RINGFENCE_CHECK_DEADLINE_MS: '5000' }
  const child = spawn(process.execPath, [launcher, 'serve'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  // A test that fails leaves no process behind.
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = await printedUntil(child, /listens on (http:\/\/\S+)/)
  child.stdout.resume()
  child.stderr.resume()
  return {
    url: /listens on (http:\/\/\S+)/.exec(printed)?.[1] ?? '',
    firstKey: /rf_[0-9a-z]{8}_[\w-]{43}/.exec(printed)?.[0],
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  }
}

async function printedUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString('utf8')
      if (pattern.test(text)) resolve(text)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${text}`)))
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
