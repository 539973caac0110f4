// Where the parts meet: the only file that reads the environment, the clock and the process. Opens the database lazily.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from './base/clock.ts'
import { type Config, parseConfig } from './base/config.ts'
import { createLog } from './base/log.ts'
import type { CliContext } from './cli/context.ts'
import { silentProgress, terminalProgress } from './cli/progress.ts'
import { runCommand } from './cli/run-command.ts'

const migrationsDirectory = fileURLToPath(new URL('../prisma/migrations', import.meta.url))

function createContext(config: Config): CliContext {
  const log = createLog(config.RINGFENCE_LOG_LEVEL)
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9
  return {
    config,
    clock: systemClock,
    log,
    monotonicSeconds,
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    print: (text) => process.stdout.write(`${text}\n`),
    printError: (text) => process.stderr.write(`${text}\n`),
    isTerminal: process.stdout.isTTY,
    progress: () => (process.stderr.isTTY ? terminalProgress(process.stderr, monotonicSeconds) : silentProgress),
    openDatabase: async () => {
      // Why late: audit, doctor and generate need no database, and Prisma's client costs a third of a second to load.
      const { openConfiguredDatabase } = await import('./base/open-database.ts')
      return openConfiguredDatabase(config, systemClock, migrationsDirectory, join(config.RINGFENCE_DATA, 'keys'))
    },
    stopRequested: () => stopped,
    exit: (code) => {
      process.exitCode = code
    },
  }
}

// A reader that closes the pipe early (`| head`) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  await runCommand(process.argv.slice(2), createContext(parseConfig(process.env)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode ||= 3
}
// An embedded server that was joined, or a keep-alive socket, must not keep a finished command waiting.
process.exit()
