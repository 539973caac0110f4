// `ringfence webhook`: endpoints are made, listed, rotated, retired and tested; messages are listed and sent again.
import { type Command, Option } from 'commander'
import { partsOf } from '../base/config.ts'
import { createOutgoing } from '../base/outgoing.ts'
import {
  createEndpoint, type EndpointKeeper, listEndpoints, listMessages, MESSAGE_STATES, type MessageState, redeliver, retireEndpoint, rotateEndpoint, sendTest, TOPIC_NAMES, TOPICS,
} from '../delivery/index.ts'
import { SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { tellOpenInstructions } from '../programs/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'
import { ExitCode } from './context.ts'

export function register(program: Command, context: CliContext): void {
  const webhook = program.command('webhook').description('Makes, lists, rotates, retires and tests webhook endpoints.').addHelpText('after', `
Examples:
  ringfence webhook create https://shop.example.com/hooks --topics host.instruction,check.resolved --program apiyi
  ringfence webhook list --json
  ringfence webhook rotate 3 --overlap-hours 24
  ringfence webhook test 3
  ringfence webhook messages --state given_up
  ringfence webhook redeliver 1c6a1f0e-0000-4000-8000-000000000000

Topics:
${TOPIC_NAMES.map((topic) => `  ${topic.padEnd(28)} ${TOPICS[topic]}`).join('\n')}

Exit codes: 0 done; 2 wrong usage or no such endpoint; 3 could not run. A secret is printed once and stored sealed.`)
  const sub = (name: string, description: string): Command => webhook.command(name).description(description).exitOverride()
  sub('create', 'Makes an endpoint and prints its secret once.').argument('<url>').requiredOption('--topics <list>', 'topics separated by commas').option('--program <key>', 'messages of one program only')
    .action((url: string, options: { topics: string; program?: string }) => withDatabase(context, (opened) => create(url, options, context, opened)))
  sub('list', 'Lists all endpoints.').option('--json', 'as JSON').action((options: { json?: boolean }) => withDatabase(context, (opened) => list(options, context, opened)))
  sub('rotate', 'Gives an endpoint a new secret; both are valid for the overlap.').argument('<endpoint>').option('--overlap-hours <hours>', 'hours', '24')
    .action((id: string, options: { overlapHours: string }) => withDatabase(context, (opened) => rotate(id, options, context, opened)))
  sub('retire', 'Ends an endpoint; what waits for it is given up.').argument('<endpoint>').action((id: string) => withDatabase(context, (opened) => retire(id, context, opened)))
  sub('test', 'Sends a test message.').argument('<endpoint>').action((id: string) => withDatabase(context, (opened) => test(id, context, opened)))
  sub('messages', 'Lists the newest hundred messages with their attempts.').addOption(new Option('--state <state>', 'only these').choices(MESSAGE_STATES)).option('--json', 'as JSON')
    .action((options: { state?: MessageState; json?: boolean }) => withDatabase(context, (opened) => messages(options, context, opened)))
  sub('redeliver', 'Sends a message once more, under its own id.').argument('<message>').action((id: string) => withDatabase(context, (opened) => again(id, context, opened)))
}

async function withDatabase(context: CliContext, work: (opened: OpenDatabase) => Promise<void>): Promise<void> {
  const opened = await context.openDatabase()
  try {
    await work(opened)
  } finally {
    await opened.close()
  }
}

const keeperOf = ({ clock }: CliContext, { database, keys }: OpenDatabase): EndpointKeeper => ({ database, keys, clock, actorId: SYSTEM_ACTOR_ID })

function refuse(context: CliContext, sentence: string): void {
  context.printError(sentence)
  context.exit(ExitCode.badInput)
}

const idOf = (text: string): bigint => (/^\d{1,18}$/.test(text) ? BigInt(text) : 0n)
const noEndpoint = (context: CliContext): void => refuse(context, 'There is no such endpoint in use.')

async function create(url: string, options: { topics: string; program?: string }, context: CliContext, opened: OpenDatabase): Promise<void> {
  const program = options.program === undefined ? null : await opened.database.prisma.program.findUnique({ where: { key: options.program }, select: { id: true } })
  if (options.program !== undefined && program === null) return refuse(context, 'There is no such program.')
  const programId = program?.id ?? null
  const topics = partsOf(options.topics)
  const outgoing = createOutgoing({ allowedRanges: partsOf(context.config.RINGFENCE_WEBHOOK_RANGES) })
  const made = await createEndpoint(keeperOf(context, opened), outgoing, { url, topics, programId }, async (transaction, endpointId) => {
    if (topics.includes('host.instruction')) await tellOpenInstructions(transaction, { endpointId, programId }, context.clock.now())
  })
  if (!made.ok) return refuse(context, `The endpoint is refused: ${made.reason}.`)
  context.print(`Endpoint ${made.endpointId}\n${made.secret}`)
}

async function list(options: { json?: boolean }, context: CliContext, { database }: OpenDatabase): Promise<void> {
  const rows = await listEndpoints(database.prisma)
  if (options.json === true) {
    context.print(JSON.stringify(rows.map(({ id, url, topics, waitsForReconciliation, retiredAt }) => (
      { endpoint_id: id.toString(), url, topics, waits_for_reconciliation: waitsForReconciliation, retired_at: retiredAt })), null, 2))
    return
  }
  for (const { id, url, topics, waitsForReconciliation, retiredAt } of rows) {
    const state = retiredAt !== null ? 'retired' : waitsForReconciliation ? 'waits for reconciliation' : 'in use'
    context.print(`${id}  ${state}  ${url}  ${topics.join(',')}`)
  }
  if (rows.length === 0) context.print('There is no endpoint yet.')
}

async function rotate(id: string, options: { overlapHours: string }, context: CliContext, opened: OpenDatabase): Promise<void> {
  const hours = Number(options.overlapHours)
  if (!(hours >= 0 && hours <= 720)) return refuse(context, 'Hours are a number from 0 to 720.')
  const rotated = await rotateEndpoint(keeperOf(context, opened), idOf(id), Math.round(hours * 3600))
  if (rotated === null) return noEndpoint(context)
  context.print(rotated.secret)
}

async function retire(id: string, context: CliContext, opened: OpenDatabase): Promise<void> {
  if (!(await retireEndpoint(keeperOf(context, opened), idOf(id)))) return noEndpoint(context)
  context.print(`Retired ${id}.`)
}

async function test(id: string, context: CliContext, opened: OpenDatabase): Promise<void> {
  const sent = await sendTest(keeperOf(context, opened), idOf(id))
  if (sent === null) return noEndpoint(context)
  context.print(`Message ${sent.messageId} waits to be delivered by the service.`)
}

async function messages(options: { state?: MessageState; json?: boolean }, context: CliContext, { database }: OpenDatabase): Promise<void> {
  const rows = await listMessages(database.prisma, { limit: 100, ...(options.state === undefined ? {} : { state: options.state }) })
  const lines = rows.map(({ messageId, endpointId, topic, attempts, lastFailure, deliveredAt, givenUpAt, recordedAt }) => ({
    message_id: messageId, endpoint_id: endpointId.toString(), topic, recorded_at: recordedAt, attempts, last_failure: lastFailure,
    state: deliveredAt !== null ? 'delivered' : givenUpAt !== null ? 'given_up' : 'waiting',
  }))
  if (options.json === true) return context.print(JSON.stringify(lines, null, 2))
  for (const each of lines) context.print(`${each.message_id}  ${each.state.padEnd(9)}  ${each.topic}  ${each.attempts} attempts${each.last_failure === null ? '' : `, ${each.last_failure}`}`)
  if (lines.length === 0) context.print('There is no such message.')
}

async function again(id: string, context: CliContext, { database }: OpenDatabase): Promise<void> {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
  const isFound = isUuid && (await database.inTransaction((transaction) => redeliver(transaction, id, context.clock.now())))
  if (!isFound) return refuse(context, 'There is no such message of an endpoint in use.')
  context.print(`Message ${id} waits to be delivered by the service.`)
}
