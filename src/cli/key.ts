// `ringfence key`: API keys are made, listed, rotated and revoked.
import type { Command } from 'commander'
import { type ApiKeyRefusal, createApiKey, listApiKeys, revokeApiKey, rotateApiKey, SCOPE_SETS, SCOPES, SYSTEM_ACTOR_ID } from '../identities/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'
import { ExitCode } from './context.ts'

interface CreateOptions {
  readonly label: string
  readonly scopes: string
  readonly program?: string
  readonly expiresDays?: string
  readonly person?: boolean
}

const REFUSALS: Readonly<Record<ApiKeyRefusal, string>> = {
  bad_label: 'A label has 1 to 64 letters, digits, spaces or . _ @ -.',
  label_taken: 'There is a key of this label: rotate it, or choose another label.',
  unknown_scope: `A scope is not known. Scopes: ${Object.keys(SCOPES).join(', ')}.`,
  no_scope: 'A key needs a scope.',
  unknown_program: 'There is no such program.',
  already_expired: 'The key would have expired already.',
}

export function register(program: Command, context: CliContext): void {
  const key = program.command('key').description('Makes, lists, rotates and revokes API keys.').addHelpText('after', `
Examples:
  ringfence key create --label shop --scopes host
  ringfence key create --label ada --person --scopes analyst --program apiyi
  ringfence key list --json
  ringfence key rotate ab12cd34 --overlap-hours 24
  ringfence key revoke ab12cd34

Exit codes: 0 done; 2 wrong usage or no such key; 3 could not run. A token is printed once and stored nowhere.`)
  // Errors of use leave with the codes of every command.
  const sub = (name: string, description: string): Command => key.command(name).description(description).exitOverride()
  sub('create', 'Makes a key and prints its token once.')
    .requiredOption('--label <name>', 'whose key it is')
    .requiredOption('--scopes <list>', `scopes separated by commas, or a set: ${Object.keys(SCOPE_SETS).join(', ')}`)
    .option('--program <key>', 'limit it to one program')
    .option('--expires-days <days>', 'let it expire')
    .option('--person', 'the key of a person, who may decide; default: of a machine')
    .action((options: CreateOptions) => withDatabase(context, (opened) => create(options, context, opened)))
  sub('list', 'Lists all keys.').option('--json', 'as JSON')
    .action((options: { json?: boolean }) => withDatabase(context, (opened) => list(options, context, opened)))
  sub('rotate', 'Makes a new token for a key; the old one works on for the overlap.').argument('<prefix>').option('--overlap-hours <hours>', 'hours that the old token still works', '24')
    .action((prefix: string, options: { overlapHours: string }) => withDatabase(context, (opened) => rotate(prefix, options, context, opened)))
  sub('revoke', 'Ends a key at once.').argument('<prefix>')
    .action((prefix: string) => withDatabase(context, (opened) => revoke(prefix, context, opened)))
}

async function withDatabase(context: CliContext, work: (opened: OpenDatabase) => Promise<void>): Promise<void> {
  const opened = await context.openDatabase()
  try {
    await work(opened)
  } finally {
    await opened.close()
  }
}

async function create(options: CreateOptions, context: CliContext, { database, keys }: OpenDatabase): Promise<void> {
  const { clock } = context
  const days = options.expiresDays === undefined ? undefined : Number(options.expiresDays)
  if (days !== undefined && !(days > 0 && days <= 3660)) return refuse(context, 'Days are a number above 0, at most 3660.')
  const result = await createApiKey({ database, keys, clock }, {
    label: options.label, kind: options.person === true ? 'person' : 'key', scopes: SCOPE_SETS[options.scopes] ?? options.scopes.split(',').map((scope) => scope.trim()).filter((scope) => scope !== ''),
    programKey: options.program, expiresAt: days === undefined ? undefined : new Date(clock.now().getTime() + days * 86_400_000), createdBy: SYSTEM_ACTOR_ID,
  })
  if (!result.ok) return refuse(context, REFUSALS[result.reason])
  context.print(result.token)
}

async function list(options: { json?: boolean }, context: CliContext, { database }: OpenDatabase): Promise<void> {
  const rows = await listApiKeys(database)
  if (options.json === true) {
    context.print(JSON.stringify(rows.map(({ prefix, label, kind, scopes, programKey, createdAt, expiresAt, revokedAt }) => (
      { prefix, label, kind, scopes, program: programKey, created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt })), null, 2))
    return
  }
  const now = context.clock.now()
  for (const { prefix, label, kind, scopes, programKey, expiresAt, revokedAt } of rows) {
    const state = revokedAt !== null ? 'revoked' : expiresAt !== null && expiresAt <= now ? 'expired' : 'valid'
    context.print(`${prefix}  ${state.padEnd(7)}  ${kind.padEnd(6)}  ${label}  ${programKey ?? 'all programs'}  ${scopes.join(',')}`)
  }
  if (rows.length === 0) context.print('There is no key yet.')
}

async function rotate(prefix: string, options: { overlapHours: string }, context: CliContext, { database, keys }: OpenDatabase): Promise<void> {
  const hours = Number(options.overlapHours)
  if (!(hours >= 0 && hours <= 24 * 90)) return refuse(context, 'Hours are a number from 0 to 2160.')
  const rotated = await rotateApiKey({ database, keys, clock: context.clock }, { prefix, overlapSeconds: Math.round(hours * 3600), actorId: SYSTEM_ACTOR_ID })
  if (rotated === null) return refuse(context, 'There is no valid key of this prefix.')
  context.print(rotated.token)
}

async function revoke(prefix: string, context: CliContext, { database, keys }: OpenDatabase): Promise<void> {
  const isRevoked = await revokeApiKey({ database, keys, clock: context.clock }, { prefix, actorId: SYSTEM_ACTOR_ID })
  if (!isRevoked) return refuse(context, 'There is no key of this prefix that could be revoked.')
  context.print(`Revoked ${prefix}.`)
}

function refuse(context: CliContext, sentence: string): void {
  context.printError(sentence)
  context.exit(ExitCode.badInput)
}
