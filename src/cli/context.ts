// What a command may use: output, time, configuration and the database, opened only when it is asked for.
// Promises: progress goes to the terminal alone, never into a pipe; a command ends by returning its exit code.

import type { Clock } from '../base/clock.ts'
import type { Config } from '../base/config.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Log } from '../base/log.ts'

/** Exit codes that scripts can trust. */
export const ExitCode = {
  done: 0,
  /** The command found what it exists to find: doctor with errors, verify with a wrong row, a check that does not allow. */
  found: 1,
  /** Wrong usage or bad input. */
  badInput: 2,
  /** The command could not run: database unreachable, disk full … */
  couldNotRun: 3,
} as const

export interface Progress {
  /** Reports `done` of `total` (0: unknown) within a stage; a new stage name ends the one before. */
  update(stage: string, done: number, total: number): void
  /** Clears the bar; call it before printing results. */
  finish(): void
}

export interface OpenDatabase {
  readonly database: Database
  readonly keys: KeyRing
  close(): Promise<void>
}

export interface CliContext {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  /** Seconds and fractions on a clock that never jumps: for measuring, not for facts. */
  monotonicSeconds(): number
  /** Bytes of the largest resident set of this process so far. */
  peakMemoryBytes(): number
  print(text: string): void
  printError(text: string): void
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean
  progress(): Progress
  /** Starts or joins the database, migrates it and checks the keys. */
  openDatabase(): Promise<OpenDatabase>
  /** Resolves when the process is asked to stop (Ctrl-C, SIGTERM). */
  stopRequested(): Promise<void>
  /** Sets the exit code of the process. */
  exit(code: number): void
}
