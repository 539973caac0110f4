// Runs commands of the review desk in this process on a test's own database.

import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import type { TestDatabase } from '../database.ts'

export interface Ran {
  readonly code: number
  readonly printed: string
  readonly complained: string
}

export async function ran(test: TestDatabase, ...parameters: string[]): Promise<Ran> {
  const printed: string[] = []
  const complained: string[] = []
  let code = -1
  const context: CliContext = {
    config: parseConfig({}),
    clock: test.clock,
    log: createLog('silent'),
    monotonicSeconds: () => 0,
    peakMemoryBytes: () => 0,
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
    isTerminal: false,
    progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: () => Promise.resolve({ database: test.database, keys: test.keys, close: () => Promise.resolve() }),
    stopRequested: () => Promise.resolve(),
    exit: (given) => {
      code = given
    },
  }
  await runCommand(parameters, context)
  return { code, printed: printed.join('\n'), complained: complained.join('\n') }
}
