// The `ringfence` command line: finds the command, loads only its file, and turns usage errors into exit code 2.

import { Command, CommanderError } from 'commander'
import { type CliContext, ExitCode } from './context.ts'

type Register = (program: Command, context: CliContext) => void

/** Every command with the file that holds it, in the order of `--help`. */
const COMMANDS: Readonly<Record<string, () => Promise<{ register: Register }>>> = {
  demo: () => import('./demo.ts'),
  serve: () => import('./serve.ts'),
  audit: () => import('./audit.ts'),
  doctor: () => import('./doctor.ts'),
  import: () => import('./import.ts'),
  scan: () => import('./scan.ts'),
  rings: () => import('./rings.ts'),
  cases: () => import('./cases.ts'),
  claims: () => import('./claims.ts'),
  check: () => import('./check.ts'),
  plan: () => import('./plan.ts'),
  apply: () => import('./apply.ts'),
  undo: () => import('./undo.ts'),
  statement: () => import('./statement.ts'),
  verify: () => import('./verify.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  key: () => import('./key.ts'),
  programs: () => import('./programs.ts'),
  members: () => import('./standing.ts'),
  webhook: () => import('./webhook.ts'),
  reconcile: () => import('./reconcile.ts'),
  payouts: () => import('./payouts.ts'),
  train: () => import('./train.ts'),
  evaluate: () => import('./evaluate.ts'),
  generate: () => import('./generate.ts'),
}

export const commandNames: readonly string[] = Object.keys(COMMANDS)

/** Runs one command line (without the interpreter and the script); the exit code goes through the context. */
export async function runCommand(parameters: readonly string[], context: CliContext): Promise<void> {
  const program = new Command('ringfence')
    .description('A referral ledger with a graph-based detector of self-invitation.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.print(text.trimEnd()), writeErr: (text) => context.printError(text.trimEnd()) })
    .showHelpAfterError('(add --help for the options and examples)')
  const name = parameters.find((parameter) => !parameter.startsWith('-'))
  const wanted = name === undefined || COMMANDS[name] === undefined ? commandNames : [name]
  for (const each of wanted) {
    const load = COMMANDS[each]
    if (load === undefined) continue
    const { register } = await load()
    register(program, context)
  }
  for (const command of program.commands) {
    command.exitOverride().configureOutput(program.configureOutput())
  }
  try {
    await program.parseAsync([...parameters], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    context.exit(error.exitCode === 0 ? ExitCode.done : ExitCode.badInput)
  }
}
