// `ringfence backup`: the whole database as a folder of compressed files; the keys, which are never in it, into a file of their own.
import { existsSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { appendAct, SYSTEM_ACTOR_ID } from '../acts/index.ts'
import { formatKeys } from '../base/keys.ts'
import { backUp } from '../keeping/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'

interface BackupOptions {
  readonly keys?: string
  readonly json?: boolean
}

export function register(program: Command, context: CliContext): void {
  program.command('backup')
    .description('Writes the whole database of one moment into a new folder, while the service works.')
    .argument('<folder>', 'where to; it must not exist')
    .option('--keys <file>', 'also write the keys, into a new file that only you can read: keep it apart from the backup')
    .option('--json', 'print the manifest as JSON')
    .addHelpText('after', `
Examples:
  ringfence backup /backups/2026-06-01
  ringfence backup /backups/2026-06-01 --keys /safe/ringfence-keys

A backup cannot be restored without the keys, and says nothing about identifiers without them: whoever has both has everything.
Exit codes: 0 done; 2 the folder or the key file exists, or they lie together; 3 could not run. Nothing is left behind when it fails.`)
    .action((folder: string, options: BackupOptions) => run(folder, options, context))
}

async function run(folder: string, options: BackupOptions, context: CliContext): Promise<void> {
  const mistake = mistakeOf(folder, options)
  if (mistake !== null) {
    context.printError(mistake)
    context.exit(ExitCode.badInput)
    return
  }
  const { database, keys, close } = await context.openDatabase()
  const progress = context.progress()
  try {
    // First, so that the act is in the backup and the chain's head in the manifest is the newest there is.
    await database.inTransaction((transaction) => appendAct(transaction, keys, context.clock, {
      actorId: SYSTEM_ACTOR_ID, kind: 'backup_made', objectKind: 'database', objectId: 'all', body: { withKeys: options.keys !== undefined },
    }))
    const made = await backUp({ database, keys, clock: context.clock }, folder, (done, total) => progress.update('backing up', done, total)).finally(() => progress.finish())
    if (!made.ok) {
      context.printError(`${folder} exists: give the name of a new folder.`)
      context.exit(ExitCode.badInput)
      return
    }
    if (options.keys !== undefined) writeFileSync(options.keys, formatKeys(keys), { mode: 0o600, flag: 'wx' })
    const { manifest } = made
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
    const bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0)
    context.print(options.json === true ? JSON.stringify(manifest, null, 2) : [
      `Backed up ${rows.toLocaleString('en')} rows of ${manifest.tables.length} tables, ${(bytes / 1e6).toFixed(1)} MB, into ${folder}.`,
      ...(manifest.chain_head === null ? [] : [`Newest act: ${manifest.chain_head.sequence} ${manifest.chain_head.hash}`]),
      options.keys === undefined ? 'The keys are not in it: keep the key files, or the settings that hold them, in another place.' : `The keys are in ${options.keys}: keep it in another place.`,
    ].join('\n'))
  } finally {
    await close()
  }
}

function mistakeOf(folder: string, { keys }: BackupOptions): string | null {
  if (existsSync(folder)) return `${folder} exists: give the name of a new folder.`
  if (keys === undefined) return null
  if (existsSync(keys)) return `${keys} exists: give the name of a new file.`
  const inside = relative(resolve(folder), resolve(keys))
  return inside.startsWith('..') ? null : 'The keys must not lie in the backup: whoever has both has everything.'
}
