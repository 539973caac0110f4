// Runs a command line in this process and records what it printed and its exit code; the database is out of reach.
import { runCommand } from '../../src/cli/run-command.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import { manualClock } from '../../src/base/clock.ts'

export interface Recorded {
  readonly code: number
  readonly printed: string
  readonly complained: string
  readonly stages: readonly string[]
}

export async function recorded(...parameters: string[]): Promise<Recorded> {
  const printed: string[] = []
  const complained: string[] = []
  const stages = new Set<string>()
  let code = 0
  let seconds = 0
  const context: CliContext = {
    config: parseConfig({}),
    clock: manualClock(new Date('2027-01-01T00:00:00Z')),
    log: createLog('silent'),
    monotonicSeconds: () => (seconds += 0.25),
    peakMemoryBytes: () => 123_456_789,
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
    isTerminal: false,
    progress: () => ({ update: (stage) => stages.add(stage), finish: () => undefined }),
    openDatabase: () => Promise.reject(new Error('commands on folders need no database')),
    stopRequested: () => Promise.resolve(),
    exit: (given) => {
      code = given
    },
  }
  await runCommand(parameters, context)
  return { code, printed: printed.join('\n'), complained: complained.join('\n'), stages: [...stages] }
}
