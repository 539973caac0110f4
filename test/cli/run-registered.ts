// Runs one command in this process on a test's own database, without the finding of commands: what it printed, and its exit code.

import { Command } from 'commander'
import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import type { CliContext } from '../../src/cli/context.ts'
import type { TestDatabase } from '../database.ts'

type Register = (program: Command, context: CliContext) => void

/** The parameters begin with the command's name. */
export async function runRegistered({ database, keys, clock }: TestDatabase, register: Register, parameters: readonly string[]): Promise<{ code: number; printed: string }> {
  const printed: string[] = []
  let code = 0
  const program = new Command()
  register(program, {
    config: parseConfig({}), clock, log: createLog('silent'), monotonicSeconds: () => 0, peakMemoryBytes: () => 0,
    print: (text) => printed.push(text), printError: (text) => printed.push(text), isTerminal: false,
    progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: async () => ({ database, keys, close: async () => undefined }),
    stopRequested: () => Promise.resolve(),
    exit: (given) => {
      code = given
    },
  })
  await program.parseAsync([...parameters], { from: 'user' })
  return { code, printed: printed.join('\n') }
}
